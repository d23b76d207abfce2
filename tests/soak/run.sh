#!/bin/sh
# Long runs of random operations under the preload, in a network namespace of their own: sh tests/soak/run.sh [SECONDS]
#
# Needs root or user namespaces (exit 77 where neither works). LIBRARY names the library (default:
# .libs/libv6shim.so), THREADS and SEED go to the stress program. The names of the network: both.example works over
# both families, hole.example is silent over IPv6 and hole4.example over IPv4, refused.example refuses on both,
# noroute.example has no route over IPv6, many.example has four addresses of which two are silent.
seconds=${1:-30}
here=$(cd "$(dirname "$0")" && pwd) || exit 2
library=${LIBRARY:-$PWD/.libs/libv6shim.so}
programs=${PROGRAMS:-$PWD/tests/soak}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The runtime of the address sanitizer has to be the first library. That of the thread sanitizer had better come after
# ours: then only what a thread does to a descriptor is below its interceptors, and can be told apart (tsan.supp).
preload=$library
case ${SANITIZERS-} in
*address*) preload=$(${CC:-cc} -print-file-name=libasan.so):$library ;;
esac
[ -z "${SANITIZERS-}" ] || seconds=${1:-10}
# Numbers are the kernel's: that one thread closes what another has put there is no race of ours (tsan.supp).
export TSAN_OPTIONS="${TSAN_OPTIONS-} suppressions=$here/tsan.supp die_after_fork=0"
export ASAN_OPTIONS="${ASAN_OPTIONS-} detect_leaks=0"

user_namespace=
[ "$(id -u)" = 0 ] || user_namespace=-r
if ! unshare $user_namespace -nm true 2>/dev/null; then
    echo "tests/soak: no network namespaces here; skipped"
    exit 77
fi
V6SHIM_STATE_DIR=$work/state PRELOAD=$preload PROGRAMS=$programs WORK=$work SECONDS_TO_RUN=$seconds \
    unshare $user_namespace -nm sh "$here/inside"
