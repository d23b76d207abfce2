#!/bin/sh
# The lab itself, without the library: that its names, bad routes, silent name server and slow wire are what the other
# tests take them for.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_topology 1
lab_services

probe="perl $LAB_SOURCE/probe.pl"
on_client() { lab_on client timeout 20 "$@" 2>&1; }
lab_on client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'

# elapsed_ms COMMAND...
elapsed_ms() {
    began_ns=$(date +%s%N)
    "$@" >/dev/null 2>&1
    echo $((($(date +%s%N) - began_ns) / 1000000))
}
between() { # DESCRIPTION LOW HIGH VALUE
    if [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then ok "$1 ($4 ms)"; else not_ok "$1" "$4 ms, expected $2 to $3"; fi
}
# connect6 ADDRESS PORT: how a native IPv6 program fares: "connected" or the error's name, and the milliseconds.
connect6() {
    on_client perl -MSocket=:all -MErrno -MTime::HiRes=time -e '
        socket(my $s, AF_INET6, SOCK_STREAM, 0);
        my $began = time;
        my $done = connect $s, pack_sockaddr_in6($ARGV[1], inet_pton(AF_INET6, $ARGV[0]));
        my ($error) = $done ? "connected" : grep { $!{$_} } grep { !/WOULDBLOCK/ } keys %!;
        printf "%s %d\n", $error, 1000 * (time - $began)' "$1" "$2"
}

contains "2001:db8:2::80 serves" "connected" "$(connect6 2001:db8:2::80 7001)"
contains "2001:db8:2::99 refuses" "ECONNREFUSED" "$(connect6 2001:db8:2::99 7001)"
contains "2001:db8:1:c:: is unreachable" "ENETUNREACH" "$(connect6 2001:db8:1:c::80 7001)"
contains "2001:db8:1:d:: is prohibited" "EACCES" "$(connect6 2001:db8:1:d::80 7001)"
contains "2001:db8:1:e:: has no route" "ENETUNREACH" "$(connect6 2001:db8:1:e::80 7001)"
got=$(connect6 2001:db8:1:c::80 7001)
between "and the router says so, before a silent address would be given up" 0 2500 "${got#* }"
contains "2001:db8:1:b:: swallows" "ETIMEDOUT" "$(connect6 2001:db8:1:b::80 7001)"
contains "198.51.100.80 serves" "hello via inet " "$(on_client $probe connect 198.51.100.80 7001)"
contains "198.51.100.99 refuses" "ECONNREFUSED" "$(on_client $probe connect 198.51.100.99 7001)"
contains "203.0.113.80 is unreachable" "EHOSTUNREACH" "$(on_client $probe connect 203.0.113.80 7001)"
contains "203.0.113.180 is prohibited" "EHOSTUNREACH" "$(on_client $probe connect 203.0.113.180 7001)"
contains "203.0.113.200 has no route" "ENETUNREACH" "$(on_client $probe connect 203.0.113.200 7001)"
contains "203.0.113.40 swallows" "ETIMEDOUT" "$(on_client $probe connect 203.0.113.40 7001)"

# glibc's own resolver sees all of the zone, in its order.
for line in 'v6only:2001:db8:2::80' 'v4only:198.51.100.80' 'dual:2001:db8:2::80 198.51.100.80' \
    'chain:2001:db8:2::80 198.51.100.80' 'chain6:2001:db8:2::80' 'nowhere:' 'nodata:' 'dangling:' \
    'many6:2001:db8:2::80 2001:db8:2::81 2001:db8:2::82'; do
    same "${line%%:*} has the addresses it should" "${line#*:}" \
        "$(on_client getent ahosts "${line%%:*}.lab.example" | sed -n 's/ *STREAM.*//p' | tr '\n' ' ' | sed 's/ $//')"
done
same "the PTR of 2001:db8:2::80" v6only.lab.example "$(on_client getent hosts 2001:db8:2::80 | sed 's/.* //')"
same "h_errno of a name without A: NO_DATA" "v6only.lab.example: error 4" \
    "$(on_client $probe resolve v6only.lab.example)"
same "h_errno of no name: HOST_NOT_FOUND" "nowhere.lab.example: error 1" \
    "$(on_client $probe resolve nowhere.lab.example)"

lab_resolver client $LAB_DNS4_SILENT
between "the silent name server answers A, before the resolver would ask again" 0 4500 \
    "$(elapsed_ms on_client $probe resolve dual.lab.example)"
between "and never AAAA" 1900 20000 \
    "$(elapsed_ms on_client env RES_OPTIONS='timeout:1 attempts:1' getent ahosts dual.lab.example)"
lab_resolver client $LAB_DNS4

lab_slow 60 0
got=$(connect6 2001:db8:3::80 7001)
between "a wire of 60 ms: connect() takes 120" 115 10000 "${got#* }"
same "checksums and segments survive the wire" 20000 "$(on_client perl -MIO::Socket::INET -e '
    $s = IO::Socket::INET->new("203.0.113.24:7002"); print $s "x" x 20000, "\n"; $_ = <$s>; print tr/x//' 2>&1)"
lab_done
