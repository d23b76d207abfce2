#!/usr/bin/perl
# tests/lab/nat64.pl: stands in for a NAT64 where there is no /dev/net/tun for tayga.
#
#   nat64.pl PREFIX/LENGTH FROM ADDRESS... -- TCP_PORT... -- UDP_PORT...
#
# No packet is translated: each IPv4 address is served inside the prefix (RFC 6052), and what comes to one of the ports
# is passed on to the real one, from the IPv4 address FROM. The prefix has to be routed to the host itself.
use strict;
use warnings;
use Socket qw(:all);

use constant IPV6_FREEBIND => 78;

my ($prefix, $from, @lists) = @ARGV;
my ($network, $length) = split m{/}, $prefix;
my @parts = ([]);
for (@lists) { $_ eq '--' ? push @parts, [] : push @{ $parts[-1] }, $_ }
my ($addresses, $tcp_ports, $udp_ports) = @parts;

# The four octets stand in a row behind the prefix, but for octet 8, which stays zero.
sub inside {
    my ($ipv4) = @_;
    my @octets = unpack 'C16', inet_pton(AF_INET6, $network);
    my $place = $length / 8;
    for my $octet (unpack 'C4', inet_aton($ipv4)) {
        $place++ if $place == 8;
        $octets[$place++] = $octet;
    }
    return pack 'C16', @octets;
}

sub bound {
    my ($family, $type, $name) = @_;
    socket(my $socket, $family, $type, 0) or die "nat64.pl: socket: $!\n";
    setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $socket, IPPROTO_IPV6, IPV6_FREEBIND, 1 if $family == AF_INET6;
    bind($socket, $name) or die "nat64.pl: bind: $!\n";
    return $socket;
}

my %ready;    # number => [socket, what to do when it can be read]
sub watch { my ($socket, $act) = @_; $ready{ fileno $socket } = [ $socket, $act ] }
sub forget { delete $ready{ fileno $_[0] } }

sub connect_through {
    my ($listener, $to) = @_;
    accept(my $client, $listener) or return;
    my $server = bound(AF_INET, SOCK_STREAM, pack_sockaddr_in(0, inet_aton($from)));
    connect($server, $to) or return;
    for ([ $client, $server ], [ $server, $client ]) {
        my ($source, $sink) = @$_;
        watch($source, sub {
            my $size = sysread $source, my $data, 65536;
            return syswrite $sink, $data if $size;
            shutdown $sink, SHUT_WR;
            forget($source);
        });
    }
}

my %way;    # client's socket address and server => the socket that speaks for it
sub pass_on {
    my ($receiver, $to) = @_;
    defined(my $client = recv $receiver, my $data, 65536, 0) or return;
    my $speaker = $way{"$client $to"};
    if (!$speaker) {
        $speaker = $way{"$client $to"} = bound(AF_INET, SOCK_DGRAM, pack_sockaddr_in(0, inet_aton($from)));
        watch($speaker, sub {
            defined(my $who = recv $speaker, my $answer, 65536, 0) or return;
            my ($port, $ipv4) = unpack_sockaddr_in($who);
            return send $receiver, $answer, 0, $client if $who eq $to;
            # Another port than was asked (TFTP): from there.
            my $other = bound(AF_INET6, SOCK_DGRAM, pack_sockaddr_in6($port, inside(inet_ntoa($ipv4))));
            send $other, $answer, 0, $client;
        });
    }
    send $speaker, $data, 0, $to;
}

for my $address (@$addresses) {
    for my $port (@$tcp_ports) {
        my $listener = bound(AF_INET6, SOCK_STREAM, pack_sockaddr_in6($port, inside($address)));
        listen $listener, 1024;
        watch($listener, sub { connect_through($listener, pack_sockaddr_in($port, inet_aton($address))) });
    }
    for my $port (@$udp_ports) {
        my $receiver = bound(AF_INET6, SOCK_DGRAM, pack_sockaddr_in6($port, inside($address)));
        watch($receiver, sub { pass_on($receiver, pack_sockaddr_in($port, inet_aton($address))) });
    }
}
$| = 1;
print "ready\n";
while (1) {
    my $wanted = '';
    vec($wanted, $_, 1) = 1 for keys %ready;
    select(my $readable = $wanted, undef, undef, undef) > 0 or next;
    for (grep { vec $readable, $_, 1 } keys %ready) { $ready{$_}[1]->() if $ready{$_} }
}
