#!/bin/sh
# test_faults.sh [--all] [HOW...]: faults.py in a network of its own.
here=$(cd "$(dirname "$0")" && pwd) || exit 2
: "${LAB_BUILD:=$PWD}"
skip() {
    printf 'ok - system calls that fail # skip %s\n' "$*"
    exit 77
}
[ -z "${SANITIZERS-}" ] || skip "a sanitizer's library makes calls of its own"
for tool in strace python3; do command -v $tool >/dev/null || skip "$tool is not installed"; done
strace -qq -o /dev/null true 2>/dev/null || skip "nothing may be traced here"
all=
[ "${1-}" != --all ] || { all=$1 && shift; }
exec sh "$here/../preload/in_namespace.sh" python3 "$here/faults.py" $all "$LAB_BUILD/tests/faults/client" "$@"
