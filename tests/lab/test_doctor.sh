#!/bin/sh
# v6shim doctor NAME in whole networks: a black hole, what the last race has shown, a resolver that is silent on AAAA or
# slow, a network with a DNS64.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services
hole=2001:db8:1:b::80 six=2001:db8:2::80 four=198.51.100.80

# doctor [VARIABLE=VALUE...] -- ARGUMENT...: on client. Then $said and $status.
doctor() {
    lab_variables=
    while [ "$1" != -- ]; do
        lab_variables="$lab_variables $1"
        shift
    done
    shift
    said=$(lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" V6SHIM_LIBRARY="$LAB_LIBRARY" $lab_variables \
        timeout 60 "$LAB_BUILD/v6shim" doctor "$@" </dev/null 2>&1)
    status=$?
}
lines() { printf '%s\n' "$said" | sed -e 's/after [0-9.]* ms/after N ms/' -e 's/ [0-9][0-9]:[0-9][0-9]:[0-9][0-9]/ TIME/g'; }
reached4="ok     $four: port 7001 was reached after N ms, from 192.0.2.2"
reached6="ok     $six: port 7001 was reached after N ms, from 2001:db8:1::2"
silent="wrong  $hole: port 7001 was not reached, from 2001:db8:1::2: Connection timed out after N ms: the path or a firewall on it drops packets"

doctor -- dual.lab.example:7001
same "both answer: status" 0 "$status"
same "both answer" "$reached6
$reached4" "$(lines)"

doctor -- hole.lab.example:7001
same "a black hole: status" 1 "$status"
same "a black hole" "$silent
$reached4" "$(lines)"
check "a black hole: the times" sh -c 'printf "%s\n" "$1" | awk "
    match(\$0, /after [0-9.]+ ms/) { took = substr(\$0, RSTART + 6) + 0; if (/not reached/ ? took < 2900 || took > 5000 : took > 1000) bad = 1 }
    END { exit bad }"' sh "$said"

# A race that the hole has lost: its name is asked in the other order, until that is forgotten.
lab_preload client nc.traditional -w 3 hole.lab.example 7001 >/dev/null
doctor -- hole.lab.example
same "after a race: status" 0 "$status"
same "after a race: the order, and why" "ok     $four: there is a route, from 192.0.2.2
ok     $hole: there is a route, from 2001:db8:1::2
note   $hole lost to $four at TIME, and is tried after the others until TIME: v6shim history --clear gives it its turn again" \
    "$(lines)"
doctor V6SHIM_CONNECT=order -- hole.lab.example
same "no race, no history" "ok     $hole: there is a route, from 2001:db8:1::2
ok     $four: there is a route, from 192.0.2.2" "$(lines)"
lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" "$LAB_BUILD/v6shim" history --clear >/dev/null
doctor -- hole.lab.example
same "forgotten" "ok     $hole: there is a route, from 2001:db8:1::2
ok     $four: there is a route, from 192.0.2.2" "$(lines)"

doctor -- refuse.lab.example:7001
contains "refused" "Connection refused after" "$said"
doctor -- prohibit.lab.example:7001
contains "prohibited by a router" "not reached, from " "$said"

# Resolvers.
lab_resolver client $LAB_DNS4_SILENT
echo 'options timeout:1 attempts:1' >>"$LAB_DIR/host/client/etc/resolv.conf"
doctor -- dual.lab.example
same "silent on AAAA: status" 1 "$status"
contains "silent on AAAA" \
    "wrong  the resolver does not answer what is the IPv6 address of dual.lab.example (AAAA), only the IPv4 one: it was waited for for " "$said"
contains "silent on AAAA: IPv4 is tried" "ok     $four: there is a route" "$said"
lab_start server slow perl "$LAB_SOURCE/dns_filter.pl" 198.51.100.25 $LAB_DNS4 delay=AAAA:250
lab_until grep -q ready "$LAB_DIR/log/slow"
lab_resolver client 198.51.100.25
doctor -- dual.lab.example
same "slow on AAAA: status" 0 "$status"
contains "slow on AAAA" "a lookup goes on without them after 50 ms: set resolution-delay to more" "$said"
doctor -- --resolution-delay=1000 dual.lab.example
lacks "slow on AAAA, and awaited" "resolution-delay" "$said"
lab_resolver client 198.51.100.82
echo 'options timeout:1 attempts:1' >>"$LAB_DIR/host/client/etc/resolv.conf"
doctor -- dual.lab.example
same "no resolver: status" 1 "$status"
contains "no resolver" "dual.lab.example has no address: " "$said"

# A host that has lost its IPv6: the nearest to a kernel without it.
lab_resolver client $LAB_DNS4
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
doctor -- dual.lab.example:7001
same "IPv6 switched off: status" 1 "$status"
contains "IPv6 switched off: the name" "wrong  $six: there is no route: v6shim doctor tells what this host lacks" "$said"
contains "IPv6 switched off: IPv4 goes on" "$reached4" "$(lines)"
doctor --
contains "IPv6 switched off: the host" \
    "wrong  IPv6 is switched off on all interfaces (net.ipv6.conf.all.disable_ipv6 is 1): sysctl -w net.ipv6.conf.all.disable_ipv6=0" "$said"
lab_done
