#!/usr/bin/perl
# tests/lab/dns_filter.pl: a name server that misbehaves about one kind of record.
#
#   dns_filter.pl LISTEN FORWARD RULE...
#
# Listens on port 53 of LISTEN (UDP, and TCP where nobody answers) and passes queries on to FORWARD. A RULE says what
# happens to queries of a type: drop=AAAA (silence), delay=AAAA:MILLISECONDS (late answers), servfail=AAAA,
# refused=AAAA, nxdomain=AAAA (a wrong one where the name has other records).
use strict;
use warnings;
use Socket qw(:all);
use Time::HiRes qw(time);

my %type_number = (A => 1, PTR => 12, AAAA => 28, ANY => 255);
my %code_number = (servfail => 2, nxdomain => 3, refused => 5);

my ($listen, $forward, @rules) = @ARGV;
my (%drop, %delay_s, %code);
for (@rules) {
    /^(drop|delay|servfail|nxdomain|refused)=([A-Z]+)(?::(\d+))?$/ or die "dns_filter.pl: what is $_?\n";
    my $type = $type_number{$2} // die "dns_filter.pl: $2 is not a type it knows\n";
    if ($1 eq 'drop') { $drop{$type} = 1 }
    elsif ($1 eq 'delay') { $delay_s{$type} = $3 / 1000 }
    else { $code{$type} = $code_number{$1} }
}

sub address {
    my ($text) = @_;
    my $packed = inet_pton(AF_INET6, $text);
    return $packed ? (AF_INET6, pack_sockaddr_in6(53, $packed)) : (AF_INET, pack_sockaddr_in(53, inet_aton($text)));
}

sub bound_socket {
    my ($type) = @_;
    my ($family, $name) = address($listen);
    my $socket;
    socket($socket, $family, $type, 0) && setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) && bind($socket, $name)
        or die "dns_filter.pl: $listen port 53: $!\n";
    return $socket;
}

my $server = bound_socket(SOCK_DGRAM);
my $silent = bound_socket(SOCK_STREAM);    # connections wait in its backlog for ever
listen($silent, 128) or die "dns_filter.pl: listen: $!\n";
my ($family, $upstream_name) = address($forward);
my $upstream;
socket($upstream, $family, SOCK_DGRAM, 0) && connect($upstream, $upstream_name) or die "dns_filter.pl: $forward: $!\n";

# The type of the first question: after the header (12 octets) and the labels of its name.
sub question_type {
    my ($packet) = @_;
    my $at = 12;
    while ($at < length $packet and my $label = unpack 'C', substr $packet, $at, 1) { $at += 1 + $label }
    return $at + 3 <= length $packet ? unpack 'n', substr $packet, $at + 1, 2 : 0;
}

my (%client, $number, @late);

sub take_query {
    defined(my $from = recv($server, my $packet, 4096, 0)) or return;
    return if length $packet < 17;
    my $type = question_type($packet);
    print "query type $type", ($drop{$type} ? ' dropped' : ''), "\n";
    return if $drop{$type};
    if (my $code = $code{$type}) {
        send $server, substr($packet, 0, 2) . pack('n', 0x8180 | $code) . substr($packet, 4), 0, $from;
        return;
    }
    # Clients may use the same id: each query gets one of its own on the way up.
    $number = (($number // 0) + 1) % 65536;
    $client{$number} = [$from, substr($packet, 0, 2), $type];
    send $upstream, pack('n', $number) . substr($packet, 2), 0;
}

sub take_answer {
    defined recv($upstream, my $packet, 4096, 0) or return;
    my $query = delete $client{ unpack 'n', $packet } or return;
    my ($from, $id, $type) = @$query;
    push @late, [time + ($delay_s{$type} // 0), $from, $id . substr $packet, 2];
}

sub send_due {
    my $now = time;
    send $server, $_->[2], 0, $_->[1] for grep { $_->[0] <= $now } @late;
    @late = sort { $a->[0] <=> $b->[0] } grep { $_->[0] > $now } @late;
    return @late ? $late[0][0] - $now : undef;
}

$| = 1;
print "ready\n";
while (1) {
    my $wait_s = send_due();
    my $wanted = '';
    vec($wanted, fileno($_), 1) = 1 for $server, $upstream;
    select(my $readable = $wanted, undef, undef, $wait_s) > 0 or next;
    take_query() if vec $readable, fileno($server), 1;
    take_answer() if vec $readable, fileno($upstream), 1;
}
