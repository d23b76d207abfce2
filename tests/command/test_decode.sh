#!/bin/sh
# v6shim decode: aliases in any text become IPv6 addresses, and nothing else changes.
. "$(dirname "$0")/lib.sh"
V6SHIM_STATE_DIR=$room/state
V6SHIM_ALIAS_KEY='a key for tests'
export V6SHIM_STATE_DIR V6SHIM_ALIAS_KEY
unset V6SHIM_ALIAS_MAP

alias_of() { "$v6shim" alias --add "$1" | cut -d' ' -f1; }
one=$(alias_of 2001:db8::1) two=$(alias_of 2001:db8::2)

# decodes DESCRIPTION TEXT EXPECTED: both go through printf
decodes() {
    printf "$2" | "$v6shim" decode >"$room/got" 2>"$room/errors"
    same "$1: status" 0 $?
    printf "$3" >"$room/expected"
    if cmp -s "$room/expected" "$room/got"; then
        same "$1" "" "$(cat "$room/errors")"
    else
        same "$1" "$(od -c "$room/expected")" "$(od -c "$room/got")"
    fi
}

decodes "an alias in a line" "connect from $one port 5\n" "connect from 2001:db8::1 port 5\n"
decodes "several" "$one,$two [$one] ($two)\n" "2001:db8::1,2001:db8::2 [2001:db8::1] (2001:db8::2)\n"
decodes "at the end of the text, without a line end" "peer=$one" "peer=2001:db8::1"
decodes "before a full stop" "It was $one. And $two...\n" "It was 2001:db8::1. And 2001:db8::2...\n"
decodes "before and after a colon" "a:$one: b\n" "a:2001:db8::1: b\n"
decodes "real addresses stay" "192.0.2.1 127.0.0.1 240.0.0.1 1.2.3\n" "192.0.2.1 127.0.0.1 240.0.0.1 1.2.3\n"
decodes "parts of words and numbers stay" "v$one ${one}x 1$one ${one}0 ${one}.5 1.$one .$one\n" \
    "v$one ${one}x 1$one ${one}0 ${one}.5 1.$one .$one\n"
decodes "bytes of any kind stay" "\\000\\377\\001$one\\000\\r\\n\\n\\n..\\n" \
    "\\000\\377\\0012001:db8::1\\000\\r\\n\\n\\n..\\n"
decodes "nothing" "" ""

# Aliases of the transient range stay, and the user is told why.
try "$v6shim" decode <<EOF
$one 240.124.0.0 240.127.255.255
EOF
same "aliases of a process: status" 1 "$status"
same "aliases of a process stay" "2001:db8::1 240.124.0.0 240.127.255.255" "$output"
same "aliases of a process: why" "v6shim decode: left 2 as they are: aliases that couldn't be stored meant something only in the process that gave them" "$errors"

# So do those that this table hasn't, and the user is told which other table there may be.
try "$v6shim" decode <<EOF
240.64.0.0 $one 240.64.1.2 240.123.255.255
EOF
same "aliases that no address has: status" 1 "$status"
same "aliases that no address has stay" "240.64.0.0 2001:db8::1 240.64.1.2 240.123.255.255" "$output"
same "aliases that no address has: how many" "v6shim decode: left 3 as they are: no IPv6 address has those aliases in this table (--user, --pid or --state-dir name another)" "$errors"

# Other tables: by their directory, and by a process that has it for a setting.
V6SHIM_STATE_DIR=$room/other
other=$(alias_of 2001:db8::77)
V6SHIM_STATE_DIR=$room/other sleep 60 &
sleeper=$!
until tr '\0' '\n' <"/proc/$sleeper/environ" | grep -q "^V6SHIM_STATE_DIR=$room/other"; do sleep 0.05; done
V6SHIM_STATE_DIR=$room/state
for how in "--state-dir=$room/other" "--pid $sleeper"; do
    # shellcheck disable=SC2086 # two words
    same "by $how" 2001:db8::77 "$(echo "$other" | "$v6shim" decode $how 2>&1)"
    # shellcheck disable=SC2086 # two words
    contains "alias $how" 2001:db8::77 "$("$v6shim" alias $how "$other" 2>&1)"
done
kill "$sleeper"
try "$v6shim" decode --pid 0x1
same "no process: status" 2 "$status"
same "no process" "v6shim decode: --pid wants the number of a process, not 0x1" "$errors"
try "$v6shim" alias --pid 1 --user root "$other"
same "two users: status" 2 "$status"

# Lines of any length: digits and dots for a megabyte, then an alias.
{
    head -c 1000000 /dev/zero | tr '\0' 7
    printf ' %s' "$one"
    head -c 1000000 /dev/zero | tr '\0' .
} >"$room/long"
"$v6shim" decode "$room/long" >"$room/got"
sed "s/$one/2001:db8::1/" "$room/long" | cmp -s - "$room/got"
same "a long line" 0 $?

printf '%s\n' "$one" >"$room/a"
printf '%s\n' "$two" >"$room/b"
same "files, and standard input among them" "2001:db8::1 2001:db8::2 2001:db8::1" \
    "$(echo $("$v6shim" decode "$room/a" - "$room/a" <"$room/b"))"
try "$v6shim" decode "$room/none" "$room/a"
same "a file that is not there: status" 1 "$status"
same "a file that is not there" "v6shim decode: cannot read $room/none: No such file or directory" "$errors"
same "the others are copied all the same" "2001:db8::1" "$output"
try "$v6shim" decode "$room"
same "a directory: status" 1 "$status"

V6SHIM_ALIAS_MAP='2001:db8:5::/112=10.6.0.0/16, 2001:db8:6::/64=10.7.0.0/16'
export V6SHIM_ALIAS_MAP
decodes "a mapped range" "from 10.6.1.2\n" "from 2001:db8:5::102\n"
try "$v6shim" alias --add 10.6.1.2 2001:db8:5::3 2001:db8:6::1
same "v6shim alias, a mapped range" "10.6.1.2 2001:db8:5::102 10.6.0.3 2001:db8:5::3" \
    "$(printf '%s\n' "$output" | head -n 2 | tr -s ' \n' ' ' | sed 's/ $//')"
allotted=$(printf '%s\n' "$output" | sed -n '3s/ .*//p')
decodes "an allotted address" "$allotted\n" "2001:db8:6::1\n"
finish
