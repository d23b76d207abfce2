#!/bin/sh
# Debian's IPv4-only programs over UDP: to hosts with IPv6 alone, with IPv4 alone as before, and what a program is told.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/programs.sh"
. "$LAB_SOURCE/clients.sh"
lab_need_library
lab_topology
lab_services

echo question >"$LAB_DIR/question"
input=$LAB_DIR/question

dual_reaches="inet 198.51.100.80" # a datagram can't be raced: IPv4 while it has a route
one_address="udp_nc_traditional udp_net_time udp_tftp udp_socat udp_gawk udp_netwrite udp_perl"
try_programs "$udp_clients"

said=$(lab_preload client timeout 20 perl -MSocket=:all -e '
    socket(my $s, PF_INET, SOCK_DGRAM, 0);
    bind $s, pack_sockaddr_in(4011, INADDR_ANY);
    for my $name (qw(v4only v6only v4only many6 v6only)) {
        my $to = pack_sockaddr_in(7002, inet_aton("$name.lab.example") // die "$name\n");
        send $s, $name, 0, $to or print "send to $name: $!\n";
        my $readable = "";
        vec($readable, fileno($s), 1) = 1;
        select($readable, undef, undef, 3) or print "no answer from $name\n" and next;
        my $from = recv $s, my $answer, 999, 0;
        print $from eq $to ? "" : "from a stranger: ", $answer;
    }
    my ($port, $address) = unpack_sockaddr_in getsockname $s;
    print "bound to ", inet_ntoa($address), " $port\n"' 2>&1)
same "one socket, both families in turn, its port kept" "v4only via inet 198.51.100.80 from 192.0.2.2
v6only via inet6 2001:db8:2::80 from 2001:db8:1::2
v4only via inet 198.51.100.80 from 192.0.2.2
many6 via inet6 2001:db8:2::80 from 2001:db8:1::2
v6only via inet6 2001:db8:2::80 from 2001:db8:1::2
bound to 0.0.0.0 4011" "$said"
same "the server saw its port" "4011" "$(sed -n 's/^udp-echo inet6 .* \(4011\)$/\1/p' "$LAB_DIR/log/services" | sort -u)"
said=$(lab_preload client timeout 20 perl -MSocket=:all -MErrno -e '
    socket(my $s, PF_INET, SOCK_DGRAM, 0);
    my $to = pack_sockaddr_in(9, inet_aton("all-refuse6.lab.example"));
    connect $s, $to or print "connect: $!\n";
    send $s, "x", 0;
    select undef, undef, undef, 0.3;
    print defined send($s, "x", 0) ? "no error\n" : "$!\n";
    my $unbound = pack_sockaddr_in(7002, inet_aton("240.64.7.7"));
    print defined send($s, "x", 0, $unbound) ? "sent\n" : "$!\n"' 2>&1)
same "ICMPv6 errors are told, an alias that nobody has: no route" "Connection refused
Network is unreachable" "$said"
lab_done
