# tests/lab/topology.sh: the standard network of the lab, for scripts that have sourced lib.sh.
#
#     client (dual) --+
#     client6 (IPv6) -+-- router --+-- server
#     client4 (IPv4) -+            +-- hole     (takes packets and says nothing)
#
# Names and their addresses: zone/lab.zone. Every address is from a documentation range or is a ULA.
#
# shellcheck shell=sh

LAB_DNS4=198.51.100.53 # answers everything
LAB_DNS6=2001:db8:2::53
LAB_DNS4_SILENT=198.51.100.54 # never answers a question for AAAA

# topology_addresses HOST INTERFACE ADDRESS/LENGTH... (nodad: without it an IPv6 address can't be bound before a thread of
# the kernel has looked at it, detection or not)
topology_addresses() {
    topology_host=$1 topology_interface=$2
    shift 2
    for topology_address; do
        case $topology_address in *:*) topology_flag=nodad ;; *) topology_flag= ;; esac
        lab_on "$topology_host" ip address add "$topology_address" dev "$topology_interface" $topology_flag
    done
}

# topology_hole FAMILY PREFIX...: routes prefixes to the hole. Nobody answers at the gateway's link address, and the
# hole doesn't forward, so packets vanish without an error; the permanent neighbour entry keeps the router from
# finding out.
topology_hole() {
    topology_family=$1 topology_gateway=$2
    shift 2
    lab_on router ip "$topology_family" neighbour add "$topology_gateway" lladdr 02:00:00:00:00:01 dev hole nud permanent
    for topology_prefix; do
        lab_on router ip "$topology_family" route add "$topology_prefix" via "$topology_gateway" dev hole onlink
    done
}

topology_clients() {
    topology_addresses router client 192.0.2.1/26 2001:db8:1::1/64
    topology_addresses client router 192.0.2.2/26 2001:db8:1::2/64
    topology_addresses router client4 192.0.2.65/26
    topology_addresses client4 router 192.0.2.66/26
    topology_addresses router client6 2001:db8:6::1/64
    topology_addresses client6 router 2001:db8:6::2/64
    lab_on client ip route add default via 192.0.2.1
    lab_on client ip -6 route add default via 2001:db8:1::1
    lab_on client4 ip route add default via 192.0.2.65
    lab_on client6 ip -6 route add default via 2001:db8:6::1
    # Where the client itself has no route: connect() fails at once with ENETUNREACH.
    lab_on client ip route add throw 203.0.113.192/26
    lab_on client ip -6 route add throw 2001:db8:1:e::/64
    lab_on client6 ip -6 route add throw 2001:db8:1:e::/64
}

topology_server() {
    topology_addresses router server 198.51.100.1/24 2001:db8:2::1/64 fd5a:7e15:2::1/64
    topology_addresses server router 198.51.100.2/24 2001:db8:2::2/64 fd5a:7e15:2::2/64
    for topology_last in 25 53 54 80 81 82; do
        topology_addresses server router 198.51.100.$topology_last/24 2001:db8:2::$topology_last/64
    done
    topology_addresses server router fd5a:7e15:2::80/64 198.51.100.99/24 2001:db8:2::99/64
    lab_on server ip route add default via 198.51.100.1
    lab_on server ip -6 route add default via 2001:db8:2::1
}

# Where packets don't arrive: swallowed, refused by the router as unreachable, or as prohibited. Their IPv6 addresses
# have more bits in common with the client's than the server's have: RFC 6724 puts them first where a name has both.
topology_bad() {
    lab_on hole sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
    topology_addresses router hole 203.0.113.1/29 2001:db8:b::1/64
    topology_hole -4 203.0.113.2 203.0.113.32/27
    topology_hole -6 2001:db8:b::2 2001:db8:1:b::/64
    lab_on router ip route add unreachable 203.0.113.64/26
    lab_on router ip -6 route add unreachable 2001:db8:1:c::/64
    lab_on router ip route add prohibit 203.0.113.128/26
    lab_on router ip -6 route add prohibit 2001:db8:1:d::/64
}

topology_dns() {
    for topology_file in "$LAB_SOURCE"/zone/*; do
        cp "$topology_file" "$LAB_DIR/"
    done
    sed "s|@DIR@|$LAB_DIR|g" "$LAB_SOURCE/unbound.conf" >"$LAB_DIR/unbound.conf"
    lab_start server unbound unbound -d -c "$LAB_DIR/unbound.conf"
    lab_until grep -q 'start of service' "$LAB_DIR/log/unbound" || lab_bail "the name server did not start"
    lab_start server silent perl "$LAB_SOURCE/dns_filter.pl" $LAB_DNS4_SILENT $LAB_DNS4 drop=AAAA
    lab_until grep -q ready "$LAB_DIR/log/silent" || lab_bail "the name server that is silent on AAAA did not start"
    lab_resolver client $LAB_DNS4
    lab_resolver client4 $LAB_DNS4
    lab_resolver client6 $LAB_DNS6
    lab_resolver server $LAB_DNS4
}

# lab_resolver HOST ADDRESS
lab_resolver() {
    printf 'nameserver %s\nsearch lab.example\n' "$2" >"$LAB_DIR/host/$1/etc/resolv.conf"
}

# topology_neighbour HOST OTHER ADDRESS...: the host knows the link address of the other one, at the end of the wire.
topology_neighbour() {
    topology_host=$1
    topology_mac=$(lab_on "$2" ip -o link show wire | sed 's/.*ether \([^ ]*\).*/\1/')
    shift 2
    for topology_address; do
        lab_on "$topology_host" ip neighbour replace "$topology_address" lladdr "$topology_mac" dev wire nud permanent
    done
}

# topology_wire HOST INTERFACE INTERFACE DELAY_MS DROP_PERCENT [SEED]: makes a wire of a host that does nothing else.
topology_wire() {
    topology_host=$1
    shift
    [ -x "$LAB_BUILD/tests/lab/wire" ] || lab_bail "$LAB_BUILD/tests/lab/wire has not been built (make check)"
    lab_start "$topology_host" "$topology_host" "$LAB_BUILD/tests/lab/wire" "$@"
    lab_until grep -q ready "$LAB_DIR/log/$topology_host" || lab_bail "$topology_host did not start"
}

# topology_far HOST DELAY_MS: a link between the router and the host that takes its time in each direction.
topology_far() {
    lab_host "far_$1"
    lab_link router "far_$1"
    lab_link "far_$1" "$1"
    lab_on "far_$1" sh -c "echo 1 >/proc/sys/net/ipv6/conf/router/disable_ipv6
        echo 1 >/proc/sys/net/ipv6/conf/$1/disable_ipv6"
    # As if they were linked without it.
    lab_on router ip link set "far_$1" name "$1"
    lab_on "$1" ip link set "far_$1" name router
    topology_wire "far_$1" router "$1" "$2" 0
}

# lab_slow DELAY_MS DROP_PERCENT [SEED]: a host behind a slow wire (wire.c), 2001:db8:3::80 and 203.0.113.24; the delay
# is that of one direction. Call it after lab_topology.
lab_slow() {
    lab_host wire
    lab_host slow
    lab_link router wire
    lab_link wire slow
    # The wire's own ends say nothing themselves.
    lab_on wire sh -c 'for end in router slow; do echo 1 >/proc/sys/net/ipv6/conf/$end/disable_ipv6; done'
    # Both ends are named after the wire.
    topology_addresses router wire 203.0.113.17/28 2001:db8:3::1/64
    topology_addresses slow wire 203.0.113.24/28 2001:db8:3::80/64
    lab_on slow ip route add default via 203.0.113.17
    lab_on slow ip -6 route add default via 2001:db8:3::1
    # Whoever asks for a link address must not be late as well.
    topology_neighbour router slow 203.0.113.24 2001:db8:3::80
    topology_neighbour slow router 203.0.113.17 2001:db8:3::1
    topology_wire wire router slow "$@"
    lab_start slow slow perl "$LAB_SOURCE/services.pl" 203.0.113.24 2001:db8:3::80
    lab_until grep -q ready "$LAB_DIR/log/slow" || lab_bail "the services behind the slow wire did not start"
}

# lab_topology [DELAY_MS]: makes all of it, in a few hundred milliseconds; with a delay, the client is that far from the
# router. Without one a router's ICMP error is there before connect() has let go of the socket, and the kernel then only
# heeds the next one, a second later: not what happens on a real network.
lab_topology() {
    for topology_name in router client client4 client6 server hole; do
        lab_host $topology_name
    done
    for topology_name in client4 client6 server hole; do
        lab_link router $topology_name
    done
    if [ "${1-}" ]; then topology_far client "$1"; else lab_link router client; fi
    lab_on router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
        echo 0 >/proc/sys/net/ipv4/icmp_ratelimit; echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
    topology_clients
    topology_server
    topology_bad
    topology_dns
}

# lab_services: the server's own services (services.pl), on all its addresses but those of 99, where every connection
# is refused.
lab_services() {
    lab_start server services perl "$LAB_SOURCE/services.pl" \
        198.51.100.80 198.51.100.81 198.51.100.82 198.51.100.25 \
        2001:db8:2::80 2001:db8:2::81 2001:db8:2::82 2001:db8:2::25 fd5a:7e15:2::80
    lab_until grep -q ready "$LAB_DIR/log/services" || lab_bail "the services did not start"
}
