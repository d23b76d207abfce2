#!/bin/sh
# What a hook passes on goes to the next object that the loader would ask, whatever its symbols look like: the library
# finds it in the objects' own tables, and leaves to the loader what these don't tell (preload/system/real).
here=$(cd "$(dirname "$0")" && pwd)
case ${SANITIZERS-} in ?*)
    echo "# SKIPPED: a sanitizer's runtime stands in the chain"
    exit 77
    ;;
esac
: "${LAB_BUILD:=$PWD}"
[ -n "${TEST_PRELOAD-}" ] || exec sh "$here/../in_namespace.sh" sh "$0" "$@"

built=$LAB_BUILD/tests/preload/built
status=0
# check WHAT EXPECTED PRELOAD...
check() {
    what=$1 expected=$2
    shift 2
    got=$(LD_PRELOAD="$*" timeout 60 "$built/chain_end" 2>"$TEST_DIR/complaints")
    if [ "$got" = "$expected" ]; then
        echo "ok - $what"
    else
        echo "not ok - $what: expected $expected, got \"$got\""
        sed 's/^/#   /' "$TEST_DIR/complaints"
        status=1
    fi
}

check "libc alone" -1 "$TEST_PRELOAD"
check "a preload behind the library" 4243 "$TEST_PRELOAD" "$built/chain_link.so"
check "one with the hash table of the System V ABI alone" 4243 "$TEST_PRELOAD" "$built/chain_link-sysv.so"
check "one whose function is chosen when it is bound" 4243 "$TEST_PRELOAD" "$built/chain_link-chosen.so"
versions=yes
! grep -q '^LIBC = musl' "$LAB_BUILD/Makefile" 2>/dev/null || versions= # musl's loader knows none
[ -z "$versions" ] ||
    check "one with an older version alone is passed over" -1 "$TEST_PRELOAD" "$built/chain_link-older.so"
check "of two, the first" 4243 "$TEST_PRELOAD" "$built/chain_link.so" "$built/chain_link-other.so"
check "of two, the first again" 5001 "$TEST_PRELOAD" "$built/chain_link-other.so" "$built/chain_link.so"
[ -z "$versions" ] ||
    check "behind one that only the loader can read" 5001 "$TEST_PRELOAD" "$built/chain_link-older.so" \
        "$built/chain_link-other.so"
check "one in front of the library" 4243 "$built/chain_link.so" "$TEST_PRELOAD" "$built/chain_link-other.so"
exit $status
