#!/usr/bin/perl
# tests/lab/services.pl: small servers for the programs of the lab to talk to.
#
#   services.pl ADDRESS...
#
# Each service listens on each of the addresses with a native socket of its family. What it says holds
# "via inet6 SERVER from PEER" (or inet): so the program's own output tells which way it came, and equals itself in two
# runs. Every connection is a line on standard output: SERVICE FAMILY SERVER PEER PORT; so is every datagram, whose
# service is udp- and a name.
use strict;
use warnings;
use Socket qw(:all);

# name => [port, what it says first, what it answers to a line (undef: closes)]
my %service = (
    hello => [7001, sub { ("hello via $_[0]\n", 1) }, sub { undef }],
    echo => [7002, sub { '' }, sub { "$_[1] via $_[0]\n" }],
    http => [80, sub { '' }, \&http_line],
    gopher => [70, sub { '' }, sub { ("0via $_[0]\t/text\thost\t70\r\n.\r\n", 1) }],
    finger => [79, sub { '' }, sub { ("Login: $_[1] via $_[0]\r\n", 1) }],
    pop3 => [110, sub { "+OK via $_[0]\r\n" }, \&pop3_line],
    smtp => [25, sub { "220 lab.example via $_[0]\r\n" }, \&smtp_line],
    ftp => [21, sub { "220 via $_[0]\r\n" }, \&ftp_line],
    irc => [6667, sub { '' }, \&irc_line],
    lpd => [515, sub { '' }, sub { ("queue empty via $_[0]\n", 1) }],
    vnc => [5901, sub { "RFB 003.003\n" }, sub { undef }],
    daytime => [13, sub { ("1 JAN 2000 00:00:00 via $_[0]\r\n", 1) }, sub { undef }],
);

# Each handler: (via, line, connection) -> (text, whether to close after it); undef closes at once.
sub http_line {
    my ($via, $line, $connection) = @_;
    return '' if $line ne '';
    my $body = "via $via\n";
    return ("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($body) . "\r\n\r\n$body", 1);
}

sub pop3_line {
    my ($via, $line) = @_;
    return ("+OK bye\r\n", 1) if $line =~ /^QUIT/i;
    return "+OK 3 300\r\n" if $line =~ /^STAT/i;
    return "+OK 3\r\n" if $line =~ /^LAST/i;
    return "+OK via $via\r\n";
}

sub smtp_line {
    my ($via, $line, $connection) = @_;
    if ($connection->{data}) {
        return '' if $line ne '.';
        $connection->{data} = 0;
        return "250 taken via $via\r\n";
    }
    return ("221 bye via $via\r\n", 1) if $line =~ /^QUIT/i;
    if ($line =~ /^DATA/i) {
        $connection->{data} = 1;
        return "354 go on\r\n";
    }
    return "250 lab.example via $via\r\n";
}

sub ftp_line {
    my ($via, $line) = @_;
    return ("221 bye\r\n", 1) if $line =~ /^QUIT/i;
    return "331 password via $via\r\n" if $line =~ /^USER/i;
    return "530 no, you came via $via\r\n" if $line =~ /^PASS/i;
    return "502 not here\r\n";
}

sub irc_line {
    my ($via, $line) = @_;
    return ("ERROR :bye\r\n", 1) if $line =~ /^QUIT/i;
    return $line =~ /^USER/i ? ":lab.example 001 you :welcome via $via\r\n" : '';
}

# name => [port, what it answers to a datagram, whether it answers from another port, as TFTP does]
my %datagram_service = (
    echo => [7002, sub { "$_[1] via $_[0]\n" }],
    time => [37, sub { pack 'N', 2208988800 + 86400 }],    # RFC 868: the second of January 1970
    syslog => [514, sub { undef }],
    tftp => [69, sub { pack('nn', 3, 1) . "via $_[0]\n" }, 1],    # RFC 1350: the last block of data
);

my (%listener, %receiver);

sub receive_on {
    my ($text, $name) = @_;
    my $socket = bound_datagram_socket($text, $datagram_service{$name}[0]) or die "services.pl: $text udp-$name: $!\n";
    $receiver{ fileno $socket } = [$socket, $name, $text];
}

sub bound_datagram_socket {
    my ($text, $port) = @_;
    my $packed6 = inet_pton(AF_INET6, $text);
    socket(my $socket, $packed6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0) or return;
    setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, 1 if $packed6;
    bind($socket, $packed6 ? pack_sockaddr_in6($port, $packed6) : pack_sockaddr_in($port, inet_aton($text))) or return;
    return $socket;
}

my @sent_from_elsewhere;    # sockets that live a little longer than their answer

sub answer {
    my ($socket, $name, $text) = @_;
    defined(my $from = recv $socket, my $data, 65536, 0) or return;
    my ($family, $client, $port) = describe($from);
    print "udp-$name $family $text $client $port\n";
    chomp $data;
    my $reply = $datagram_service{$name}[1]->("$family $text from $client", $data);
    if ($datagram_service{$name}[2]) {
        $socket = bound_datagram_socket($text, 0) or return;
        push @sent_from_elsewhere, $socket;
        shift @sent_from_elsewhere if @sent_from_elsewhere > 10;
    }
    send $socket, $reply, 0, $from if defined $reply;
}

sub listen_on {
    my ($text, $name) = @_;
    my $packed6 = inet_pton(AF_INET6, $text);
    my $family = $packed6 ? AF_INET6 : AF_INET;
    my $port = $service{$name}[0];
    socket(my $socket, $family, SOCK_STREAM | SOCK_NONBLOCK, 0) or die "services.pl: socket: $!\n";
    setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $socket, IPPROTO_IPV6, IPV6_V6ONLY, 1 if $packed6;
    bind($socket, $packed6 ? pack_sockaddr_in6($port, $packed6) : pack_sockaddr_in($port, inet_aton($text)))
        && listen($socket, 1024)
        or die "services.pl: $text port $port: $!\n";
    $listener{ fileno $socket } = [$socket, $name];
}

# "inet6 2001:db8::1" and the port
sub describe {
    my ($name) = @_;
    if (sockaddr_family($name) == AF_INET6) {
        my ($port, $address) = unpack_sockaddr_in6($name);
        return ('inet6', inet_ntop(AF_INET6, $address), $port);
    }
    my ($port, $address) = unpack_sockaddr_in($name);
    return ('inet', inet_ntoa($address), $port);
}

my %connection;

sub welcome {
    my ($listener, $name) = @_;
    my $peer = accept(my $socket, $listener) or return;
    my ($family, $server) = describe(getsockname $socket);
    my (undef, $client, $port) = describe($peer);
    print "$name $family $server $client $port\n";
    my $via = "$family $server from $client";
    my ($text, $close) = $service{$name}[1]->($via);
    my $one = $connection{ fileno $socket } = { socket => $socket, name => $name, via => $via, input => '' };
    say_to($one, $text, $close);
}

sub say_to {
    my ($one, $text, $close) = @_;
    send $one->{socket}, $text, MSG_NOSIGNAL if defined $text and length $text;
    delete $connection{ fileno $one->{socket} } if $close or not defined $text;
}

sub serve {
    my ($one) = @_;
    my $got = sysread $one->{socket}, $one->{input}, 65536, length $one->{input};
    return say_to($one, undef) unless $got;
    while ($one->{input} =~ s/^([^\n]*?)\r?\n//) {
        my ($text, $close) = $service{ $one->{name} }[2]->($one->{via}, $1, $one);
        say_to($one, $text, $close);
        return if $close or not defined $text;
    }
}

for my $address (@ARGV) {
    listen_on($address, $_) for keys %service;
    receive_on($address, $_) for keys %datagram_service;
}
$| = 1;
print "ready\n";
while (1) {
    my $wanted = '';
    vec($wanted, $_, 1) = 1 for keys %listener, keys %receiver, keys %connection;
    select(my $readable = $wanted, undef, undef, undef) > 0 or next;
    for (grep { vec $readable, $_, 1 } keys %connection) { serve($connection{$_}) if $connection{$_} }
    for (grep { vec $readable, $_, 1 } keys %receiver) { answer(@{ $receiver{$_} }) }
    for (grep { vec $readable, $_, 1 } keys %listener) { welcome(@{ $listener{$_} }) }
}
