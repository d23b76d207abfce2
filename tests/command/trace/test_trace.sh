#!/bin/sh
# v6shim trace: the program behaves as without it, whatever becomes of the trace; and what the trace says of events.
# (tests/lab/test_trace.sh has whole networks.)
. "$(dirname "$0")/../lib.sh"
V6SHIM_LIBRARY=$PWD/tests/command/.libs/libv6shim-empty.so
real_library=$PWD/.libs/libv6shim.so
TMPDIR=$room
export V6SHIM_LIBRARY TMPDIR
trace() { try "$v6shim" trace "$@"; }

# The program's own input, output, status
trace sh -c 'cat; echo to stderr >&2; exit 7' </dev/null
same "status" 7 "$status"
same "standard output" "" "$output"
contains "standard error" "to stderr" "$errors"
contains "the end" "the program ended with status 7" "$errors"
contains "no library, no events" "Nothing to show: the library was not loaded into the program." "$errors"
same "standard input" "42" "$(echo 42 | "$v6shim" trace -o "$room/out" cat)"
same "-o: nothing on standard error" "" "$(echo 42 | "$v6shim" trace -o "$room/out" cat 2>&1 >/dev/null)"
contains "-o" "the program ended with status 0" "$(cat "$room/out")"
trace -o "$room/out" -- sh -c 'printf "%s|" "$@"' name -o --json 'two words' ''
same "arguments" "-o|--json|two words||" "$output"
trace -o "$room/out" sh -c 'ls -l /proc/self/fd | grep -c "socket\|pipe\|signalfd"; ls /proc/self/fd | tail -n 1'
same "no descriptor of ours in the program" "$(sh -c 'ls -l /proc/self/fd | grep -c "socket\|pipe\|signalfd"; ls /proc/self/fd | tail -n 1' 2>/dev/null)" \
    "$output"
same "nothing is left behind" "" "$(ls "$room" | grep v6shim-trace)"
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    # A leak can't be looked for under strace.
    try env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" strace -o /dev/null -e inject=mknod,mknodat:error=EDQUOT "$v6shim" trace true
    contains "no FIFO: why" "cannot make the FIFO: Disk quota exceeded" "$errors"
    same "no FIFO: nothing is left behind" "" "$(ls "$room" | grep v6shim-trace)"
else
    echo "# SKIPPED: a FIFO that can't be made (no strace here)"
fi

# Signals
trace -o "$room/out" sh -c 'kill -9 $$'
same "killed: status" 137 "$status"
contains "killed" "the program was ended by signal 9 (Killed)" "$(cat "$room/out")"
trace -o "$room/out" sh -c 'trap "" TERM HUP INT; kill -TERM $PPID; kill -HUP $PPID; kill -INT $PPID; sleep 0.3; exit 3'
same "a program that ignores signals is not ended by them" 3 "$status"
trace -o "$room/out" sh -c 'trap "exit 9" USR1; kill -USR1 $PPID; while :; do sleep 0.05; done'
same "signals are handed on" 9 "$status"
trace -o "$room/out" sh -c 'kill -TERM $PPID; sleep 60'
same "a signal that ends the program: status" 143 "$status"
(
    trap '' INT
    "$v6shim" trace -o "$room/out" sh -c 'kill -INT $$; exit 5'
)
same "ignored signals stay ignored" 5 $?
same "nothing is left behind after signals" "" "$(ls "$room" | grep v6shim-trace)"

# What is wrong
trace
same "no program: status" 2 "$status"
contains "no program" "v6shim trace: no program given" "$errors"
trace no-such-program
same "not found: status" 127 "$status"
same "not found" "v6shim trace: no-such-program is not found" "$errors"
trace "$room"
same "a directory: status" 126 "$status"
trace -o "$room/no/such/file" true
same "an output that can't be: status" 2 "$status"
same "an output that can't be" "v6shim trace: cannot write to $room/no/such/file: No such file or directory" "$errors"
trace -o
same "-o without a file: status" 2 "$status"
if [ -w /dev/full ]; then
    trace -o /dev/full sh -c 'echo done; exit 4'
    same "a full disk: the program ran" "done" "$output"
    same "a full disk: status" 4 "$status"
    same "a full disk" "v6shim trace: cannot write the trace to /dev/full: the program ran all the same" "$errors"
fi
TMPDIR=$room/none
trace -o "$room/out" true
same "TMPDIR that isn't there: /tmp is" 0 "$status"
TMPDIR=$room
# shellcheck disable=SC2086 # CC may have options
if echo 'int main(void) { return 0; }' | ${CC:-cc} -static -x c -o "$room/static" - 2>/dev/null; then
    trace "$room/static"
    contains "a static program" "v6shim trace: warning: " "$errors"
fi

# Lines that no library of ours wrote: each is passed over, and those after it are read.
hostile() { # DESCRIPTION LINE [OPTION]
    printf '%s\n{"time_us": 1, "pid": 9, "event": "order", "fd": 3}\n' "$2" >"$room/lines"
    trace ${3-} -o "$room/out" sh -c 'cat "$0" >"$V6SHIM_TRACE"; exit 5' "$room/lines"
    same "$1: status" 5 "$status"
    same "$1: no line but the good one" "2" "$(sed '/^$/,$d' "$room/out" | grep -c .)"
    same "$1: no control character" "" "$(tr -d '\n\040-\176' <"$room/out")"
}
good='"time_us": 5, "pid": 7'
hostile "a process of a negative number" '{"time_us": 5, "pid": -59, "event": "process", "program": "AAAAAAAAAAAA"}'
hostile "a process of a number beyond all" '{"time_us": 5, "pid": 9223372036854775807, "event": "order", "fd": 3}'
hostile "a time beyond all" '{"time_us": 9223372036854775807, "pid": 7, "event": "order", "fd": 3}'
hostile "a negative descriptor" "{$good, \"event\": \"order\", \"fd\": -5}"
hostile "a port beyond all" "{$good, \"event\": \"attempt\", \"fd\": 3, \"port\": 65536, \"result\": \"ok\"}"
hostile "an error that moves the cursor" "{$good, \"event\": \"failed\", \"fd\": 3, \"error\": \"\\u001b[2J\"}"
hostile "an address that is none" "{$good, \"event\": \"won\", \"fd\": 3, \"candidate\": \"a b\"}"
hostile "an address that is a list" "{$good, \"event\": \"answer\", \"name\": \"a\", \"candidates\": [[]]}"
hostile "more addresses than there may be" \
    "{$good, \"event\": \"answer\", \"candidates\": [$(printf '"::1", %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)\"::1\"]}"
hostile "a name that is too long" "{$good, \"event\": \"lookup\", \"name\": \"$(printf '%01000d' 0)\"}"
hostile "an alias that is none" "{$good, \"event\": \"accepted\", \"fd\": 3, \"seen_as\": \"x y\"}"
hostile "a winner that is a number" "{$good, \"event\": \"behind\", \"winner\": 5}"
hostile "a time that is none" "{$good, \"event\": \"behind\", \"seconds\": -1}"
hostile "a protocol that is none" "{$good, \"event\": \"listening\", \"fd\": 3, \"protocol\": \"sctp\"}"
hostile "a reason that is too long" "{$good, \"event\": \"ipv4-only\", \"reason\": \"$(printf '%01000d' 0)\"}"
hostile "an end that is told by the program" '{"time_us": 5, "pid": 7, "event": "end", "ms": 5}' --json
printf '{"time_us": 900000000000000, "pid": 7, "event": "lookup", "name": "a"}
{"time_us": 5, "pid": 7, "event": "lookup", "name": "b\\u001b\\u009b2J"}
{"time_us": 800000000000000, "pid": 7, "event": "lookup", "name": "c"}
' >"$room/lines"
trace -o "$room/out" sh -c 'cat "$0" >"$V6SHIM_TRACE"' "$room/lines"
same "times that go back, and ahead: status" 0 "$status"
same "times that go back: all rows are drawn" "3" "$(sed '1,/^Where/d' "$room/out" | grep -c 'look up')"
contains "control characters in a name" 'look up b\x1b\xc2\x9b2J' "$(cat "$room/out")"
trace --json -o "$room/out" sh -c 'cat "$0" >"$V6SHIM_TRACE"' "$room/lines"
contains "control characters in a name, in JSON" '"name": "b\u001b\u009b2J"' "$(cat "$room/out")"
printf '{"time_us": 5, "pid": 7, "event": "ipv4-only", "fd": 3, "reason": "\\u001b[2J"}\n' >"$room/lines"
trace -o "$room/out" sh -c 'cat "$0" >"$V6SHIM_TRACE"' "$room/lines"
contains "control characters in a reason" '(TCP) with IPv4 only: \x1b[2J' "$(cat "$room/out")"
printf '{"time_us": 5, "pid": 7, "event": "order", "fd": 3, "ms": 7, "duration_ms": 1, "x": "y"}\n' >"$room/lines"
trace --json -o "$room/out" sh -c 'cat "$0" >"$V6SHIM_TRACE"' "$room/lines"
same "keys that are none of ours" '{ "ms": 0.000, "pid": 7, "event": "order", "fd": 3 }' "$(sed 1q "$room/out")"

# With the library itself, which a sanitized build can't preload into sh.
if [ -e "$real_library" ] && [ -z "${SANITIZERS-}" ]; then
    V6SHIM_LIBRARY=$real_library
    trace --json -o "$room/out" sh -c 'sh -c "exit 0"; exec perl -e 1'
    same "processes: status" 0 "$status"
    same "processes, through fork and exec" "sh sh perl" \
        "$(sed -n 's/.*"event": "process", "program": "\([^"]*\)".*/\1/p' "$room/out" | tr '\n' ' ' | sed 's/ $//')"
    contains "the end in JSON" '"event": "end", "status": 0 }' "$(tail -n 1 "$room/out")"
    client='use Socket; socket my $s, PF_INET, SOCK_STREAM, 0; my $a = pack_sockaddr_in(9, inet_aton("127.0.0.1"));
        connect $s, $a or print "no\n"'
    trace perl -e "$client"
    same "a connection that nobody takes: output" no "$output"
    contains "a connection that nobody takes" "connect to 127.0.0.1 port 9: failed after" "$errors"
    contains "its error" "Connection refused (ECONNREFUSED)" "$errors"
    contains "the timeline" "Where the time went:" "$errors"
    contains "the timeline: the row" "  127.0.0.1 port 9  " "$errors"
    contains "the timeline: the sign" "x failed" "$errors"
    COLUMNS=70 trace perl -e "$client"
    same "the width of the terminal" "" "$(printf '%s\n' "$errors" | awk 'length > 70')"
    contains "a long line goes on below its words" "$(printf '\n              ')" "$errors"

    # The program closes everything, has few descriptors, or changes its root: the trace goes on as far as it can.
    trace --json -o "$room/out" perl -e 'use POSIX; POSIX::close($_) for 3 .. 2000; '"$client"
    contains "a program that closes what it doesn't know" '"error": "ECONNREFUSED"' "$(cat "$room/out")"
    trace --json -o "$room/out" sh -c 'ulimit -n 20; exec perl -e "$0"' "$client"
    contains "few descriptors" '"error": "ECONNREFUSED"' "$(cat "$room/out")"
    trace -o "$room/out" perl -e 'close STDIN; open my $f, "<", "/dev/null"; print fileno $f'
    same "the lowest number is the program's" 0 "$output"

    # More than anybody reads in time: lines are lost, and that is said; the program is not held up.
    mkfifo "$room/fifo"
    sleep 120 <>"$room/fifo" &
    sleeper=$!
    V6SHIM_TRACE=$room/fifo LD_PRELOAD=$real_library timeout 60 perl -e "for my \$turn (1 .. 2000) { $client }" >/dev/null
    same "a FIFO that nobody reads: status" 0 $?
    kill $sleeper
    : >"$room/file"
    V6SHIM_TRACE=$room/file LD_PRELOAD=$real_library perl -e "$client" >/dev/null
    contains "V6SHIM_TRACE may name a file" '"event": "attempt"' "$(cat "$room/file")"
    for path in "$room/none" "$room" /dev/null relative; do
        same "V6SHIM_TRACE=${path##*/} does no harm" no "$(V6SHIM_TRACE=$path LD_PRELOAD=$real_library perl -e "$client" 2>&1)"
    done
fi
finish
