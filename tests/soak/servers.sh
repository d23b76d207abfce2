#!/bin/sh
# Old servers under the shim and very many peers, in a network namespace of their own: sh tests/soak/servers.sh
#
# PEERS sets how many addresses ask a UDP server (default 100,000: two seconds; 1,000,000 is what was promised),
# CONNECTIONS how many are held at once, half of each family (default 10,000). LIBRARY and PROGRAMS as for run.sh.
here=$(cd "$(dirname "$0")" && pwd) || exit 2
: "${LIBRARY:=$PWD/.libs/libv6shim.so}" "${PROGRAMS:=$PWD/tests/soak}"
if [ -z "${SERVERS_INSIDE-}" ]; then
    work=$(mktemp -d) || exit 2
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    user_namespace=
    [ "$(id -u)" = 0 ] || user_namespace=-r
    if ! unshare $user_namespace -n true 2>/dev/null; then
        echo "tests/soak: no network namespaces here; skipped"
        exit 77
    fi
    SERVERS_INSIDE=yes V6SHIM_STATE_DIR=$work/state LIBRARY=$LIBRARY PROGRAMS=$PROGRAMS \
        unshare $user_namespace -n sh "$here/servers.sh"
    exit
fi

case ${SANITIZERS-} in
*address*) LIBRARY=$(${CC:-cc} -print-file-name=libasan.so):$LIBRARY ;;
esac
[ -z "${SANITIZERS-}" ] || : "${PEERS:=20000}"
export TSAN_OPTIONS="${TSAN_OPTIONS-} suppressions=$here/tsan.supp die_after_fork=0"
export ASAN_OPTIONS="${ASAN_OPTIONS-} detect_leaks=0"
export V6SHIM_STATE_DIR
ip link set lo up
ip -6 address add 2001:db8::1/128 dev lo nodad
ip address add 192.0.2.1/32 dev lo
ip -6 route add local 2001:db8:5::/64 dev lo
tries=0
until ip -6 route get 2001:db8::1 2>/dev/null | grep -q '^local' || [ $tries -ge 100 ]; do
    tries=$((tries + 1))
    sleep 0.02
done

status=0
try() {
    what=$1
    shift
    if env LD_PRELOAD="$LIBRARY" "$@"; then echo "ok - $what"; else echo "not ok - $what" && status=1; fi
}
try "${CONNECTIONS:-10000} connections held" "$PROGRAMS/crowd" "${CONNECTIONS:-10000}"
try "${PEERS:-100000} peers over UDP" "$PROGRAMS/peers" "${PEERS:-100000}" "$V6SHIM_STATE_DIR/aliases"
# A daemon that can't have a table: all get their answers, in a fixed amount of memory.
V6SHIM_STATE_DIR=/proc/nowhere
try "${PEERS:-100000} peers without a table" "$PROGRAMS/peers" "${PEERS:-100000}"
exit $status
