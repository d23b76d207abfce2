#!/bin/sh
# v6shim policy: what is wrong. (What it says of addresses: tests/lab/test_policy.sh.)
. "$(dirname "$0")/lib.sh"

try "$v6shim" policy no-such-name.invalid
same "no such name: status" 1 "$status"
same "no such name: no table" "" "$output"
same "no such name: one line" 1 "$(lines_of "$errors")"
contains "no such name" "v6shim policy: no-such-name.invalid: " "$errors"
try "$v6shim" policy no-such-name.invalid 127.0.0.1 127.0.0.2
same "one of three: status" 1 "$status"
same "one of three: two tables, each with its name above it" "127.0.0.1: ADDRESS 127.0.0.2: ADDRESS" \
    "$(printf '%s\n' "$output" | grep -o '^[0-9.]*:$\|^ADDRESS' | tr '\n' ' ' | sed 's/ $//')"
same "one of three: a line between" 1 "$(printf '%s\n' "$output" | grep -c '^$')"
same "one of three: one line" 1 "$(lines_of "$errors")"
try "$v6shim" policy --json no-such-name.invalid
same "no such name in JSON: status" 1 "$status"
same "no such name in JSON: still JSON" "{ }" "$(echo $output)"
try "$v6shim" policy 127.0.0.1
same "an address: status" 0 "$status"
same "an address: no name above it, columns as wide as their texts" "ADDRESS    SOURCE     DECIDED BY" \
    "$(printf '%s\n' "$output" | head -n 1)"

# A file that is no policy: the first lines are told, and how many more there are.
for count in 16 17 30; do
    yes 'root:x:0:0' | head -n $count >"$room/policy"
    try env V6SHIM_POLICY="file $room/policy" "$v6shim" policy 127.0.0.1
    same "$count bad lines: how many are told" $((count > 16 ? 17 : 16)) "$(lines_of "$errors")"
done
contains "thirty bad lines" "...and 14 more lines like these; is $room/policy a file such as gai.conf?" "$errors"

# --- what it prints is read again, as option, variable and line (rows of one precedence may change places)
"$v6shim" policy --policy=ula-first >"$room/table"
table=$(sort "$room/table")
try "$v6shim" policy --policy="$room/table"
same "a table as an option" "$table" "$(printf '%s\n' "$output" | sort)$errors"
for value in "$room/table" "file $room/table"; do
    try env V6SHIM_POLICY="$value" "$v6shim" policy
    same "a table as a variable" "$table" "$(printf '%s\n' "$output" | sort)$errors"
done
echo "policy $room/table" >"$room/conf"
try "$v6shim" policy --config="$room/conf"
same "a table as a line" "$table" "$(printf '%s\n' "$output" | sort)$errors"

# --- settings, as options
try "$v6shim" policy --policy=ula-first --json
contains "--policy" '"policy": "ula-first"' "$output"
try "$v6shim" policy --policy=rfc
same "a bad one: status" 2 "$status"
contains "a bad one" '--policy: expected system, ' "$errors"
echo 'policy rfc6724-update' >"$room/conf"
try "$v6shim" policy --config="$room/conf" --json
contains "--config" '"policy": "rfc6724-update"' "$output"
for command in trace 'check --run'; do
    try "$v6shim" $command --prefer=ipv6 --config="$room/conf" -- sh -c 'echo "$V6SHIM_PREFER $V6SHIM_CONF"'
    same "$command takes settings" "ipv6 $room/conf" "$output"
    try "$v6shim" $command --prefer=ipv5 -- sh -c 'echo run'
    same "$command: a bad one" 2 "$status$output"
done
try "$v6shim" check --prefer=ipv6 /bin/sh
same "check of a file takes none" 2 "$status"
contains "check of a file takes none" "settings go with --run" "$errors"
finish
