# What the tests of v6shim check's reports share; $v6shim is the command, the working directory is the test's own.
# shellcheck shell=sh disable=SC2034,SC2154
passed=0
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAILED $1:"
    head -n 40 output
}

# run STATUS ARGUMENT...: v6shim check, whose answer and complaints are then in the file output
run() {
    wanted_status=$1
    shift
    status=0
    "$v6shim" check --color never "$@" >output 2>errors </dev/null || status=$?
    cat errors >>output
    if [ "$status" -eq "$wanted_status" ]; then passed=$((passed + 1)); else fail "status $status of $*"; fi
}

# one_line NAME PATTERN, no_line NAME PATTERN: how many lines of the answer have it
one_line() {
    found=$(grep -cE -- "$2" output || :)
    if [ "$found" -eq 1 ]; then passed=$((passed + 1)); else fail "$1: $found lines with $2"; fi
}
no_line() {
    found=$(grep -cE -- "$2" output || :)
    if [ "$found" -eq 0 ]; then passed=$((passed + 1)); else fail "$1: $found lines with $2"; fi
}
last_line() {
    if [ "$(tail -n 1 output)" = "$2" ]; then passed=$((passed + 1)); else fail "$1"; fi
}

finish() {
    echo "$passed passed, $failures failed"
    [ "$failures" -eq 0 ]
}
