# shellcheck shell=sh disable=SC2034 # the variables are for those who source this
# What the tests of the command share. Source it; end with `finish`.
#
# The command is ./v6shim of the build tree, or $V6SHIM. $room is a scratch directory that goes away.
v6shim=${V6SHIM:-$PWD/v6shim}
source_root=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
trap 'exit 1' HUP INT TERM
unset LD_PRELOAD V6SHIM_LIBRARY V6SHIM_LOG V6SHIM_LOG_FILE V6SHIM_PREFER V6SHIM_RESOLUTION_DELAY
V6SHIM_CONF=/dev/null
LC_ALL=C
export V6SHIM_CONF LC_ALL
checks=0 failures=0

# Runs a command; afterwards $output, $errors and $status.
try() {
    output=$("$@" 2>"$room/errors")
    status=$?
    errors=$(cat "$room/errors")
}

# same WHAT EXPECTED ACTUAL
same() {
    checks=$((checks + 1))
    if [ "$2" != "$3" ]; then
        failures=$((failures + 1))
        printf 'FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
    fi
}

# contains WHAT PART WHOLE
contains() {
    checks=$((checks + 1))
    case $3 in
    *"$2"*) ;;
    *)
        failures=$((failures + 1))
        printf 'FAILED: %s\n  expected within: %s\n  found:           %.500s\n' "$1" "$2" "$3"
        ;;
    esac
}

lines_of() {
    printf '%s' "$1" | grep -c ''
}

finish() {
    echo "$(basename "$0"): $((checks - failures)) of $checks checks passed"
    [ "$failures" -eq 0 ] || exit 1
    exit 0
}
