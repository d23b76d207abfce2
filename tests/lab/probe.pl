#!/usr/bin/perl
# tests/lab/probe.pl: what an IPv4-only program sees. Perl's gethostbyname, gethostbyaddr, connect, getpeername and
# getsockname are libc's own; nothing here knows of IPv6.
#
#   probe.pl resolve NAME...          NAME: h_name [h_aliases] addresses, or NAME: error N (h_errno)
#   probe.pl reverse ADDRESS...       ADDRESS: h_name [h_aliases] addresses, or ADDRESS: error N
#   probe.pl time COUNT NAME          seconds that COUNT look-ups took
#   probe.pl stay SECONDS NAME...     looks each name up, and waits so many seconds after it
#   probe.pl connect NAME PORT [FROM_PORT]
#                                     tries each address of the name in turn: "failed ADDRESS: ERRNO", then
#                                     "peer ADDRESS PORT local ADDRESS PORT" and what the server said
#   probe.pl connect-first NAME PORT  the first address alone
#   probe.pl non-blocking NAME PORT   connect to the first address, non-blocking, select, SO_ERROR
use strict;
use warnings;
use Errno qw(EINPROGRESS);
use Fcntl;
use Socket qw(:all);
use Time::HiRes qw(time);

$| = 1;
use constant BLOCKED_S => 1; # what is waited for on purpose, takes two

sub show {
    my ($asked, @entry) = @_;
    return "$asked: error " . ($? + 0) . "\n" unless @entry;
    my ($name, $aliases, $family, $length, @addresses) = @entry;
    return "$asked: $name [$aliases] " . join(' ', map { inet_ntoa($_) } @addresses) . "\n";
}

sub addresses_of {
    my ($name) = @_;
    return inet_aton($name) if $name =~ /^[\d.]+$/;
    my @entry = gethostbyname $name or die "$name: error " . ($? + 0) . "\n";
    return @entry[4 .. $#entry];
}

sub errno_name {
    my ($number) = @_;
    for my $name (keys %Errno::) { return $name if $name =~ /^E/ && exists $!{$name} && Errno->can($name)->() == $number }
    return $number;
}

sub endpoint {
    my ($port, $address) = unpack_sockaddr_in($_[0]);
    return inet_ntoa($address) . " $port";
}

sub report {
    my ($socket) = @_;
    my ($peer, $local) = (getpeername $socket, getsockname $socket);
    print 'peer ', endpoint($peer), ' local ', endpoint($local), ' lengths ', length $peer, ' ', length $local, "\n";
    print while <$socket>;
}

sub try_connect {
    my ($port, $from_port, @addresses) = @_;
    for my $address (@addresses) {
        socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
        if ($from_port) { bind($socket, pack_sockaddr_in($from_port, INADDR_ANY)) or die "bind: $!\n" }
        return report($socket) if connect $socket, pack_sockaddr_in($port, $address);
        print 'failed ', inet_ntoa($address), ': ', errno_name($! + 0), "\n";
    }
    exit 1;
}

sub non_blocking {
    my ($port, $address) = @_;
    socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!\n";
    fcntl $socket, F_SETFL, O_NONBLOCK | fcntl $socket, F_GETFL, 0;
    my $began = time;
    if (!connect $socket, pack_sockaddr_in($port, $address)) {
        my $error = $! + 0;
        print 'connect: ', errno_name($error), ($began + BLOCKED_S < time ? ' (blocked)' : ''), "\n";
        exit 1 unless $error == EINPROGRESS;
        my $writable = '';
        vec($writable, fileno($socket), 1) = 1;
        print 'select: ', scalar select(undef, $writable, undef, 10), "\n";
        $error = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
        print 'SO_ERROR: ', ($error ? errno_name($error) : 0), "\n";
        exit 1 if $error;
    }
    fcntl $socket, F_SETFL, ~O_NONBLOCK & fcntl $socket, F_GETFL, 0;
    report($socket);
}

my ($command, @arguments) = @ARGV;
if ($command eq 'resolve') {
    print show($_, gethostbyname $_) for @arguments;
} elsif ($command eq 'reverse') {
    print show($_, gethostbyaddr inet_aton($_), AF_INET) for @arguments;
} elsif ($command eq 'time') {
    my ($count, $name) = @arguments;
    my $began = time;
    for (1 .. $count) { my @entry = gethostbyname $name }
    printf "%.3f\n", time - $began;
} elsif ($command eq 'stay') {
    my ($seconds, @names) = @arguments;
    for (@names) { my @entry = gethostbyname $_; sleep $seconds }
} elsif ($command eq 'connect') {
    my ($name, $port, $from_port) = @arguments;
    try_connect($port, $from_port, addresses_of($name));
} elsif ($command eq 'connect-first') {
    my ($name, $port) = @arguments;
    try_connect($port, undef, (addresses_of($name))[0]);
} elsif ($command eq 'non-blocking') {
    my ($name, $port) = @arguments;
    non_blocking($port, (addresses_of($name))[0]);
} else {
    die "probe.pl: what is $command?\n";
}
