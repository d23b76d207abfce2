#!/bin/sh
# connect() of an IPv4-only program: which address it ends on, and what the program is told.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology 1
lab_services
# How long the kernel itself tries where packets vanish: one SYN, one more after a second.
for host in client client6; do
    lab_on $host sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'
done

probe="perl $LAB_SOURCE/probe.pl"
bare() { lab_on client timeout 60 "$@" 2>&1; }
preloaded() { lab_preload client timeout 60 "$@" 2>&1; }
greeting() { printf '%s\n' "$1" | sed -n 's/^hello via \(.*\) from .*/\1/p'; }
alias_of() { preloaded $probe resolve "$1.lab.example" | sed 's/.*\[.*\] //; s/ .*//'; }

# ---- As bare where there is no IPv6

for name in v4only many4 chain4; do
    same "$name: reached as bare" "$(bare $probe connect $name 7001 | grep -v ^peer)" \
        "$(preloaded $probe connect $name 7001 | grep -v ^peer)"
done
for address in 198.51.100.99 203.0.113.80 203.0.113.180 203.0.113.200; do
    same "$address: fails as bare" "$(bare $probe connect $address 7001)" "$(preloaded $probe connect $address 7001)"
done

# ---- To an alias

for how in connect non-blocking; do
    got=$(preloaded $probe $how v6only 7001)
    same "$how: AAAA only is reached" "inet6 2001:db8:2::80" "$(greeting "$got")"
    contains "$how: getpeername tells the alias and the port" "peer $(alias_of v6only) 7001 " "$got"
    contains "$how: the names of its ends have the length of IPv4's" "lengths 16 16" "$got"
done
contains "the local port that the program bound is kept" " 40123 " "$(preloaded $probe connect v6only 7001 40123)"
same "the server sees it" "40123" "$(sed -n 's/^hello inet6 .* //p' "$LAB_DIR/log/services" | grep 40123)"
alias=$(alias_of v6only)
same "an alias typed in another process is reached" "inet6 2001:db8:2::80" \
    "$(greeting "$(preloaded $probe connect "$alias" 7001)")"
same "an alias that nobody was given: ENETUNREACH" "failed 240.64.1.2: ENETUNREACH" \
    "$(preloaded $probe connect 240.64.1.2 7001)"
same "an IPv6 address typed by the user is reached" "inet6 2001:db8:2::80" \
    "$(greeting "$(preloaded nc.traditional -w 5 2001:db8:2::80 7001 </dev/null)")"
same "a refused connection is ECONNREFUSED" "failed $(alias_of all-refuse6): ECONNREFUSED" \
    "$(preloaded $probe connect-first all-refuse6 7001)"
same "a single address without a route is ENETUNREACH" "failed $(alias_of all-noroute6): ENETUNREACH" \
    "$(preloaded $probe connect-first all-noroute6 7001)"

# ---- On to the next candidate, inside one connect()

reach() { # NAME FAMILY ADDRESS
    same "$1: one connect() ends on $3" "$2 $3" "$(greeting "$(preloaded $probe connect-first "$1" 7001)")"
}
for name in first-refuse6 first-unreach6 first-noroute6 first-hole6; do
    reach $name inet6 2001:db8:2::80
done
reach last-good6 inet6 2001:db8:2::82
for name in refuse unreach prohibit noroute hole; do
    reach $name inet 198.51.100.80
done
for name in refuse4 unreach4 prohibit4 noroute4 hole4; do
    reach $name inet6 2001:db8:2::80
done
got=$(preloaded $probe connect-first refuse 7001)
contains "after the change of family getpeername tells the IPv4 address" "peer 198.51.100.80 7001 " "$got"
contains "and getsockname the IPv4 address" "local 192.0.2.2 " "$got"
contains "all refuse: ECONNREFUSED" ": ECONNREFUSED" "$(preloaded $probe connect-first all-refuse 7001)"
contains "all bad: an answer from the network outranks no route" ": ECONNREFUSED" \
    "$(preloaded $probe connect-first all-bad 7001)"

# ---- Programs that speak IPv6 see no difference

python='
import socket, sys
try:
    with socket.create_connection((sys.argv[1], 7001), 20) as s:
        peer = s.getpeername()
        print(s.family, peer[:2], s.getsockname()[0], s.makefile().read())
except OSError as error:
    print(error)
'
if command -v python3 >/dev/null; then
    for name in v6only v4only dual refuse noroute all-refuse; do
        same "python3, $name: as bare" "$(bare python3 -c "$python" $name.lab.example)" \
            "$(preloaded python3 -c "$python" $name.lab.example)"
    done
else
    skip "python3" "not installed"
fi
if [ "${SANITIZERS-}" ]; then # the sanitizer alone makes curl hang
    lab_say "curl is left out under a sanitizer"
elif command -v curl >/dev/null; then
    for name in v6only v4only dual refuse noroute; do
        same "curl, $name: as bare" "$(bare curl -s http://$name.lab.example/)" \
            "$(preloaded curl -s http://$name.lab.example/)"
    done
else
    skip "curl" "not installed"
fi
lab_done
