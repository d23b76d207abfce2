#!/bin/sh
# A program with functions of its own that bear names of libc's (helpers/own_names.c): the preload calls none of them.
here=$(cd "$(dirname "$0")" && pwd)
case ${SANITIZERS-} in ?*)
    echo "# SKIPPED: a sanitizer's runtime calls them itself"
    exit 77
    ;;
esac
grep -q '^PRIVATE_NAMES_TRUE = #' "${LAB_BUILD:=$PWD}/Makefile" && {
    echo "# SKIPPED: this build calls libc's names"
    exit 77
}
[ -n "${TEST_PRELOAD-}" ] || exec sh "$here/../in_namespace.sh" sh "$0" "$@"

program=$LAB_BUILD/tests/preload/built/own_names
status=0
# check WHAT VARIABLE...: the program with these variables ends well and reaches what it can reach only with the preload.
check() {
    what=$1
    shift
    env "$@" timeout 120 "$program" >"$TEST_DIR/told" 2>"$TEST_DIR/complaints" </dev/null
    ended=$?
    if [ $ended -eq 0 ] && [ "$(grep -c '^one6.example: connected' "$TEST_DIR/told")" -eq 2 ] &&
        grep -q '^one6.example: answered' "$TEST_DIR/told" && grep -q '^in a child: connected' "$TEST_DIR/told"; then
        echo "ok - $what"
    else
        echo "not ok - $what: status $ended"
        cat "$TEST_DIR/told" "$TEST_DIR/complaints" | head -n 30 | sed 's/^/#   /'
        status=1
    fi
}

timeout 120 "$program" >"$TEST_DIR/bare" 2>&1 </dev/null || {
    echo "not ok - the program itself, bare"
    sed 's/^/#   /' "$TEST_DIR/bare"
    exit 1
}
check "a client and a server" "LD_PRELOAD=$TEST_PRELOAD"
check "with a log of everything" "LD_PRELOAD=$TEST_PRELOAD" V6SHIM_LOG=debug "V6SHIM_LOG_FILE=$TEST_DIR/log"
: >"$TEST_DIR/trace"
check "traced" "LD_PRELOAD=$TEST_PRELOAD" "V6SHIM_TRACE=$TEST_DIR/trace"
: >"$TEST_DIR/observed"
case " ${BUILT-check} " in
*" check "*)
    check "observed" "LD_PRELOAD=$LAB_BUILD/.libs/libv6shim-observe.so:$TEST_PRELOAD" \
        "V6SHIM_OBSERVE=$TEST_DIR/observed"
    ;;
*)
    echo "ok - observed # skip this build has no observer"
    echo none >"$TEST_DIR/observed"
    ;;
esac
[ -s "$TEST_DIR/log" ] && [ -s "$TEST_DIR/trace" ] && [ -s "$TEST_DIR/observed" ] || {
    echo "not ok - log, trace and observations were written"
    status=1
}
exit $status
