#!/bin/sh
# Other libraries in LD_PRELOAD: another malloc, another clock, another library that interposes connect(). Before ours and
# behind it, an IPv4-only program still reaches a host with IPv6 alone, and a race still takes the time that it takes.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
[ -z "${SANITIZERS-}" ] || lab_skip_all "a sanitizer wants to be the only malloc"
lab_topology 1
lab_services

find_library() { find /usr/lib /lib -name "$1" 2>/dev/null | head -n 1; }
# tsocks connects directly to what is local, and sends the rest to a server: everything is local here.
printf 'local = 0.0.0.0/0.0.0.0\n' >"$LAB_DIR/tsocks.conf"

# reach DESCRIPTION PRELOAD [VARIABLE=VALUE]: TCP and UDP to IPv6 alone, plain IPv4, and a first address that is silent
reach() {
    for name in v6only v4only hole; do
        contains "$1: TCP to $name" "hello via" "$(lab_on client env LD_PRELOAD="$2" V6SHIM_STATE_DIR="$LAB_DIR/state/$name" \
            TSOCKS_CONF_FILE="$LAB_DIR/tsocks.conf" ${3-} timeout 10 nc.traditional -w 3 $name.lab.example 7001 </dev/null 2>&1)"
    done
    contains "$1: without waiting, to hole" "hello via" "$(lab_on client env LD_PRELOAD="$2" \
        V6SHIM_STATE_DIR="$(mktemp -d "$LAB_DIR/state/XXXXXX")" TSOCKS_CONF_FILE="$LAB_DIR/tsocks.conf" ${3-} \
        timeout 10 perl -MIO::Socket::INET -e '
            $s = IO::Socket::INET->new(PeerAddr => "hole.lab.example", PeerPort => 7001, Timeout => 5) or die "$@\n";
            print <$s>' 2>&1)"
    contains "$1: threads" "50" "$(lab_on client env LD_PRELOAD="$2" V6SHIM_STATE_DIR="$LAB_DIR/state/hole" \
        TSOCKS_CONF_FILE="$LAB_DIR/tsocks.conf" ${3-} timeout 30 python3 "$LAB_SOURCE/race.py" threads v6only.lab.example 7001 50 2>&1 |
        grep -c "hello via")"
}

company() { # WHAT FILE [VARIABLE=VALUE]
    company_library=$(find_library "$2")
    if [ -z "$company_library" ]; then
        skip "$1" "no $2 here"
        return
    fi
    reach "$1 behind" "$LAB_PRELOAD:$company_library" ${3-}
    reach "$1 before" "$company_library:$LAB_PRELOAD" ${3-}
}

company jemalloc libjemalloc.so.2
company libfaketime libfaketime.so.1 FAKETIME="+3d x5"
company tsocks libtsocks.so V6SHIM_OTHER_PRELOADS=ignore
lab_done
