#!/bin/sh
# v6shim history: what is remembered of a lost race, shown, forgotten, and what is wrong. In a network of its own.
[ "${TEST_DIR-}" ] || exec sh "$(dirname "$0")/../preload/in_namespace.sh" sh "$0"
. "$(dirname "$0")/lib.sh"
V6SHIM_STATE_DIR=$room/state
V6SHIM_LIBRARY=$LAB_BUILD/.libs/libv6shim.so
export V6SHIM_STATE_DIR V6SHIM_LIBRARY
empty="ADDRESS  LOST TO  LOST AT   UNTIL     ON NETWORK"

try "$v6shim" history
same "no history: status" 0 "$status"
same "no history: nothing is wrong" "" "$errors"
same "no history: only its head" "$empty" "$output"
try "$v6shim" history --json
same "no history in JSON" "[]" "$output"
try "$v6shim" history --clear
same "no history to clear: status" 0 "$status"
same "asking makes no file" "" "$(ls "$room/state" 2>/dev/null)"

# half-hole.example is 2001:db8:9::2, which is silent, and 192.0.2.1. Of both.example 2001:db8::1 refuses: that says
# nothing of its other ports, and cost no time.
perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(LocalAddr => "192.0.2.1", LocalPort => 7001, Listen => 5, ReuseAddr => 1) or die;
    print "ready\n"; close STDOUT; while (my $client = $server->accept) { print $client "hello\n"; close $client }' >"$room/ready" &
server=$!
trap 'kill $server; rm -rf "$room"' EXIT
tries=0
until [ -s "$room/ready" ] || [ $tries -gt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
# NAME, and more of the constructor's arguments.
connect() {
    LD_PRELOAD=$TEST_PRELOAD perl -MIO::Socket::INET -e '
        $s = IO::Socket::INET->new(PeerAddr => shift, PeerPort => 7001, @ARGV) or die "$@\n"; print <$s>' "$@"
}
for how in "" "Timeout 10"; do # the second is a connect() that doesn't wait
    same "after a refusal${how:+, $how}" "hello" "$(connect both.example $how)"
    try "$v6shim" history
    same "a refusal is no loss${how:+, $how}" "$empty" "$output"
done
for how in "" "Timeout 10"; do
    same "after silence${how:+, $how}" "hello" "$(connect half-hole.example $how)"
    try "$v6shim" history
    contains "silence is a loss${how:+, $how}" "2001:db8:9::2" "$output"
    try "$v6shim" history --clear
done
same "the first connection" "hello" "$(connect half-hole.example)"
try "$v6shim" history
same "a loser: status" 0 "$status"
same "a loser: lines" 2 "$(lines_of "$output")"
loser=$(printf '%s\n' "$output" | sed -n 2p)
set -- $loser
same "the loser" 2001:db8:9::2 "$1"
same "the winner" 192.0.2.1 "$2"
same "the network" 2001:db8:9::/64 "$5"
minutes=$(perl -e 'my ($h, $m, $s, $h2, $m2, $s2) = map { split /:/ } @ARGV;
    print((($h2 - $h) * 3600 + ($m2 - $m) * 60 + $s2 - $s + 86400) % 86400 / 60)' "$3" "$4")
same "for a minute: it was asked once, and may be only slow" 1 "$minutes"
try "$v6shim" history --json
contains "in JSON: the loser" '"address":"2001:db8:9::2"' "$output"
contains "in JSON: the network" '"network":"2001:db8:9::/64"' "$output"
contains "in JSON: the winner" '"winner":"192.0.2.1"' "$output"
contains "in JSON: until" '"until":"20' "$output"
if command -v python3 >/dev/null; then
    same "in JSON: a minute" 60.0 "$(printf '%s' "$output" | python3 -c '
import datetime, json, sys
(entry,) = json.load(sys.stdin)
lost, until = (datetime.datetime.strptime(entry[key], "%Y-%m-%dT%H:%M:%SZ") for key in ("lost", "until"))
print((until - lost).total_seconds())')"
fi

# It is acted on: the loser is not tried while the winner works, and is tried again when it is forgotten.
attempts() {
    LD_PRELOAD=$TEST_PRELOAD V6SHIM_LOG=info perl -MIO::Socket::INET -e '
        IO::Socket::INET->new(PeerAddr => "half-hole.example", PeerPort => 7001) or die' 2>&1 |
        sed -n 's/^.*connect to \([^ ]*\) port 7001: .*/\1/p' | uniq | tr '\n' ' '
}
same "with a history" "192.0.2.1 " "$(attempts)"
try "$v6shim" history --clear
same "clear: status" 0 "$status"
same "clear: says nothing" "" "$output$errors"
try "$v6shim" history
same "cleared" "$empty" "$output"
same "without a history" "2001:db8:9::2 192.0.2.1 " "$(attempts)"

# What is wrong.
try "$v6shim" history now
same "an argument: status" 2 "$status"
same "an argument" "v6shim history: takes no argument, found now; see v6shim history --help" "$errors"
try "$v6shim" history --user no-such-user
same "no such user: status" 2 "$status"
same "no such user" "v6shim history: --user no-such-user: there is no such user" "$errors"
try "$v6shim" history --clear --user root
same "clearing another user's: status" 2 "$status"
contains "clearing another user's" "another user's is only read" "$errors"
try "$v6shim" history --clear --json
same "clearing in JSON: status" 2 "$status"
try "$v6shim" history --user "$(id -un)"
same "a user by name: status" 0 "$status"
contains "a user by name" "2001:db8:9::2 " "$output"
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then # loaded as root, so that it is reached
    try perl -e '$> = getpwnam "nobody"; exec @ARGV or exit 126' "$v6shim" history --user root
    if [ "$status" -ne 126 ]; then
        same "another user's, not as root: status" 1 "$status"
        contains "another user's, not as root" "only root can read what is another user's" "$errors"
    fi
fi
history_says() { # what, part of the complaint
    try "$v6shim" history
    same "$1: status" 1 "$status"
    same "$1: one line" 1 "$(lines_of "$errors")"
    contains "$1" "v6shim history: $room/state/history $2" "$errors"
}
chmod 666 "$room/state/history"
history_says "a writable file" "is writable by others"
chmod 600 "$room/state/history"
cp "$room/state/history" "$room/kept"
truncate -s 5000 "$room/state/history"
history_says "a file that is cut" "is damaged: not of its full size"
# Each byte of the records changed in its turn would take long: one of every slot that is not a hole.
cp "$room/kept" "$room/state/history"
perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f; local $/; my $all = <$f>;
    for (my $at = 4096; $at < length $all; $at += 80) {
        my $byte = substr $all, $at + 20, 1;
        next if substr($all, $at, 80) =~ /^\0*$/;
        seek $f, $at + 20, 0; print $f chr(ord($byte) ^ 1);
    }' "$room/state/history"
try "$v6shim" history
same "damaged records: status" 0 "$status"
same "damaged records count for nothing" "$empty" "$output"
finish
