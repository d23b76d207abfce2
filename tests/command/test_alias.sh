#!/bin/sh
# v6shim alias: both ways, the list, other users' tables, and what is wrong.
. "$(dirname "$0")/lib.sh"
V6SHIM_STATE_DIR=$room/state
V6SHIM_ALIAS_KEY='a key for tests'
export V6SHIM_STATE_DIR V6SHIM_ALIAS_KEY

try "$v6shim" alias --list
same "an empty list: status" 0 "$status"
same "an empty list: nothing is wrong" "" "$errors"
same "an empty list: only its head" 1 "$(lines_of "$output")"
same "asking makes no file" "" "$(ls "$room/state" 2>/dev/null)"
try "$v6shim" alias --list --json
same "an empty list in JSON" "[]" "$output"
try "$v6shim" alias 240.64.1.2
same "no table: status" 1 "$status"
same "no table" "v6shim alias: 240.64.1.2: no IPv6 address has this alias" "$errors"
same "looking up makes no file" "" "$(ls "$room/state" 2>/dev/null)"

try "$v6shim" alias 2001:db8::1
same "an address that has none: status" 1 "$status"
same "an address that has none" "v6shim alias: 2001:db8::1: this address has no alias (--add gives it one)" "$errors"
same "asking for an address makes no file" "" "$(ls "$room/state" 2>/dev/null)"
try "$v6shim" alias --add 2001:db8::1
same "an address: status" 0 "$status"
same "an address: nothing is wrong" "" "$errors"
alias=${output%% *}
same "an address" "$alias 2001:db8::1" "$(echo $output)"
case $alias in
240.*) ;;
*) same "the alias is in the pool" "240..." "$alias" ;;
esac
try "$v6shim" alias 2001:0DB8:0::1
same "the same address, written otherwise" "$alias 2001:db8::1 2001:0DB8:0::1" "$(echo $output)"
try "$v6shim" alias "$alias"
same "and back: status" 0 "$status"
same "and back" "$alias 2001:db8::1" "$(echo $output)"
try "$v6shim" alias 2001-db8--1.ipv6-literal.net
contains "a literal as Windows has it" "$alias " "$output"
try "$v6shim" alias -a 'fe80::1%1' 2001:db8::2
same "several: status" 0 "$status"
same "several: lines" 2 "$(lines_of "$output")"
contains "a scope" "  fe80::1%1" "$output"

try "$v6shim" alias --list
same "the list: lines" 4 "$(lines_of "$output")"
contains "the list" "$alias" "$output"
contains "the list: kind" "  name  20" "$output"
try "$v6shim" alias --list --json
contains "the list in JSON" "\"alias\": \"$alias\", \"address\": \"2001:db8::1\", \"kind\": \"name\", \"seen\": \"20" "$output"
if command -v python3 >/dev/null; then
    count=$(echo "$output" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')
    same "the list is JSON" 3 "$count"
fi
try "$v6shim" alias --json "$alias" 192.0.2.1
same "JSON with an error: status" 1 "$status"
contains "JSON with an error: what was found" "\"address\": \"2001:db8::1\"" "$output"
contains "JSON with an error: the error" '{ "asked": "192.0.2.1", "error": "not an alias: those are in 240.64.0.0/10" }' "$output"

# Without alias-key: a key in the state directory, that nobody else may read.
unset V6SHIM_ALIAS_KEY
V6SHIM_STATE_DIR=$room/own
try "$v6shim" alias 240.64.1.2
same "looking up makes no key" "" "$(ls "$room/own" 2>/dev/null)"
try "$v6shim" alias --add 2001:db8::1
same "a key of its own: nothing is wrong" "" "$errors"
same "a key of its own" "-rw-------" "$(ls -l "$room/own/key" | cut -c1-10)"
own=${output%% *}
try "$v6shim" alias 2001:db8::1 "$own"
same "a key of its own, the second time" "$own 2001:db8::1 $own 2001:db8::1" "$(echo $output)"
chmod 604 "$room/own/key"
try "$v6shim" alias 2001:db8::1
same "a key that others can read" "v6shim alias: 2001:db8::1: $room/own/key can be read by others (if nobody has read it, chmod it to 0600, else remove all files here)" "$errors"
closed="$room/own/key can be read by others (if nobody has read it, chmod it to 0600, else remove all files here)"
for asked in 2001:db8::1 "$own"; do
    try "$v6shim" alias --forget "$asked"
    same "such a key, nothing is given up: $asked: status" 1 "$status"
    same "such a key, nothing is given up: $asked" "v6shim alias: $asked: $closed" "$errors"
done
V6SHIM_ALIAS_MAP='2001:db8:77::/48=10.77.0.0/16'
export V6SHIM_ALIAS_MAP
for asked in 2001:db8:77::1 10.77.0.9; do
    try "$v6shim" alias --forget "$asked"
    same "such a key, a range of alias-map: $asked" "v6shim alias: $asked: $closed" "$errors"
done
try "$v6shim" alias --user "$(id -un)" 2001:db8:77::1
same "such a key, a range that is only read" "v6shim alias: 2001:db8:77::1: $closed" "$errors"
unset V6SHIM_ALIAS_MAP
chmod 600 "$room/own/key"
try "$v6shim" alias --list
same "the list with a good key: nothing is wrong" "" "$errors"
cp "$room/own/key" "$room/key"
byte=x # another one than is there: one key in 256 has that
[ "$(dd if="$room/own/key" bs=1 skip=4100 count=1 2>/dev/null)" != x ] || byte=y
printf $byte | dd of="$room/own/key" bs=1 seek=4100 conv=notrunc 2>/dev/null
try "$v6shim" alias --list
same "the list with a damaged key: status" 0 "$status"
contains "the list with a damaged key" "$own" "$output"
same "the list with a damaged key: what programs say" \
    "v6shim alias: aliases are private to each process: $room/own/key is damaged, or was made by another version (remove it to start anew)" "$errors"
mv "$room/key" "$room/own/key"
V6SHIM_STATE_DIR=$room/state
V6SHIM_ALIAS_KEY='a key for tests'
export V6SHIM_ALIAS_KEY

# What has no alias, and why.
why() { # argument, reason
    try "$v6shim" alias "$1"
    same "$1: status" 1 "$status"
    same "$1: nothing on standard output" "" "$output"
    same "$1" "v6shim alias: $1: $2" "$errors"
}
why 192.0.2.1 "not an alias: those are in 240.64.0.0/10"
why 240.64.0.0 "the first address of the pool means nobody"
why 240.123.255.255 "no IPv6 address has this alias"
why 240.124.0.0 "an alias that couldn't be stored: it meant something only in the process that gave it"
why 240.127.255.255 "an alias that couldn't be stored: it meant something only in the process that gave it"
why ::1 "the loopback address: programs see it as 127.0.0.1"
why ::ffff:192.0.2.1 "an IPv4 address: programs see it as it is"
why fe80::1%nosuch0 "there is no such interface"
try "$v6shim" alias no-such-name.invalid 2001:db8::1
same "one of two not found: status" 1 "$status"
contains "one of two not found: the other" "$alias" "$output"
contains "one of two not found: the one" "v6shim alias: no-such-name.invalid: " "$errors"
try "$v6shim" alias
same "nothing asked: status" 2 "$status"
try "$v6shim" alias --list 2001:db8::1
same "a list of something: status" 2 "$status"
try "$v6shim" alias --user no-such-user --list
same "no such user: status" 2 "$status"
same "no such user" "v6shim alias: --user no-such-user: there is no such user" "$errors"

# A small pool is full of names for good, until some are given up.
V6SHIM_STATE_DIR=$room/small V6SHIM_ALIAS_POOL=240.0.0.0/28
export V6SHIM_ALIAS_POOL
for number in 1 2 3 4 5 6 7 8 9 a b; do "$v6shim" alias --add 2001:db8:9::$number; done >"$room/all" 2>&1
same "a small pool" 11 "$(grep -c '^240\.0\.0\.[0-9]* .* 2001:db8:9::[1-9ab]$' "$room/all")"
full="v6shim alias: 2001:db8:9::c: the table has no room for this address (--forget makes room, a larger alias-pool has more)"
try "$v6shim" alias --add 2001:db8:9::c
same "a full pool: status" 1 "$status"
same "a full pool" "$full" "$errors"
old=$(sed -n 's/ *2001:db8:9::3$//p' "$room/all")
try "$v6shim" alias --forget 2001:db8:9::3
same "an address given up: status" 0 "$status"
same "an address given up" "$old 2001:db8:9::3" "$(echo $output)$errors"
try "$v6shim" alias "$old"
same "it is gone" "v6shim alias: $old: no IPv6 address has this alias" "$errors"
try "$v6shim" alias --forget "$old"
same "it is gone: not again" "v6shim alias: $old: no IPv6 address has this alias" "$errors"
try "$v6shim" alias --add 2001:db8:9::c
same "there is room" "$old 2001:db8:9::c" "$(echo $output)$errors"
try "$v6shim" alias --forget --json "$old"
contains "an alias given up" "\"alias\": \"$old\", \"address\": \"2001:db8:9::c\"" "$output"
try "$v6shim" alias --forget 2001:db8:9::c 240.0.0.13 192.0.2.1 some.example ::1
same "nothing to give up: status" 1 "$status"
same "nothing to give up" "v6shim alias: 2001:db8:9::c: this address has no alias
v6shim alias: 240.0.0.13: an alias that couldn't be stored: it meant something only in the process that gave it
v6shim alias: 192.0.2.1: no IPv6 address has this alias
v6shim alias: some.example: neither an alias nor an IPv6 address
v6shim alias: ::1: this address has no alias" "$errors"
try "$v6shim" alias --forget
same "give up what? status" 2 "$status"
for asked in "" "$old"; do
    try "$v6shim" alias --forget --list $asked
    same "a list given up: status ($asked)" 2 "$status"
    same "a list given up ($asked)" "v6shim alias: of --add, --list and --forget only one is possible; see v6shim alias --help" "$output$errors"
done
for how in --forget --add; do
    try "$v6shim" alias $how --user root "$old"
    same "another user's, $how: status" 2 "$status"
    same "another user's, $how" "v6shim alias: $how changes a table, and that of --user or --pid is only read: run it as that user" "$errors"
done
# A damaged record is no alias, but in the way.
damaged=$(sed -n '1s/ .*//p' "$room/all")
printf x | dd of="$room/small/aliases" bs=1 seek=$((4096 + 32 * ${damaged##*.} + 20)) conv=notrunc 2>/dev/null
try "$v6shim" alias --forget "$damaged"
same "a damaged record: status" 0 "$status"
same "a damaged record" "" "$output$errors"
unset V6SHIM_ALIAS_POOL
V6SHIM_STATE_DIR=$room/own V6SHIM_ALIAS_KEY=
try "$v6shim" alias --forget "$own"
contains "by a key of its own" "2001:db8::1" "$output"
V6SHIM_STATE_DIR=$room/state V6SHIM_ALIAS_KEY='a key for tests'

# Names: only where a hosts file can be put in place of the system's.
printf '2001:db8::1 two.example\n2001:db8::9 two.example\n192.0.2.1 two.example\n192.0.2.4 four.example\n' >"$room/hosts"
if unshare -m mount --bind "$room/hosts" /etc/hosts 2>/dev/null; then
    in_hosts() { unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$room/hosts" "$@"; }
    try in_hosts "$v6shim" alias --add two.example
    same "a name: status" 0 "$status"
    same "a name: lines" 2 "$(lines_of "$output")"
    contains "a name" "$alias" "$output"
    contains "a name: itself" "  two.example" "$output"
    try in_hosts "$v6shim" alias four.example
    same "a name of IPv4 alone: status" 1 "$status"
    same "a name of IPv4 alone" "v6shim alias: four.example: has no IPv6 address, so nothing stands for it" "$errors"
fi

# Tables that can't be used.
table_says() { # what, part of the complaint
    try "$v6shim" alias 2001:db8::1
    same "$1: status" 1 "$status"
    same "$1: one line" 1 "$(lines_of "$errors")"
    contains "$1" "v6shim alias: 2001:db8::1: $room/state$2" "$errors"
}
mv "$room/state/aliases" "$room/kept"
mkdir "$room/state/aliases"
table_says "a directory" "/aliases is not a regular file (links are not followed: remove it)"
rmdir "$room/state/aliases"
mv "$room/kept" "$room/state/aliases"
chmod 770 "$room/state"
table_says "a writable directory" ": the state directory is writable by others"
chmod 700 "$room/state"
chmod 620 "$room/state/aliases"
table_says "a writable table" "/aliases is writable by others"
chmod 600 "$room/state/aliases"
V6SHIM_ALIAS_KEY=other
table_says "another key" "/aliases was made with another alias-key"
try "$v6shim" alias --list
same "a list needs no key" 0 "$status"
contains "a list needs no key: programs do" "v6shim alias: aliases are private to each process: $room/state/aliases was made with another alias-key" "$errors"
contains "a list needs no key" "$alias" "$output"
V6SHIM_ALIAS_KEY='a key for tests'
V6SHIM_ALIAS_POOL=240.0.0.0/12
export V6SHIM_ALIAS_POOL
table_says "another pool" "/aliases was made for another alias-pool"
unset V6SHIM_ALIAS_POOL
cp "$room/state/aliases" "$room/kept"
truncate -s 5000 "$room/state/aliases"
table_says "a table that is cut" "/aliases is damaged: not of its full size"
try "$v6shim" alias --list
same "the list of a table that is cut: status" 1 "$status"
same "the list of a table that is cut: no head" "" "$output"
mv "$room/kept" "$room/state/aliases"

# Another user's table: root reads it, and writes nothing.
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then
    chown -R nobody "$room/state"
    try "$v6shim" alias --add 2001:db8::1
    same "a foreign table is not ours: status" 1 "$status"
    contains "a foreign table is not ours" "the state directory belongs to another user" "$errors"
    try "$v6shim" alias --user nobody "$alias" 2001:db8::2
    same "a foreign table read as such: status" 0 "$status"
    contains "a foreign table read as such" "$alias" "$output"
    try "$v6shim" alias --user "$(id -u nobody)" "$alias"
    contains "a foreign table read by the number of its user" "2001:db8::" "$output"
    chown -R 4123456 "$room/state"
    try "$v6shim" alias --user 4123456 "$alias"
    contains "a number that no user here has" "2001:db8::" "$output"
    try "$v6shim" alias --user 4123457 "$alias"
    same "another number: status" 1 "$status"
    try "$v6shim" alias --user 41x "$alias"
    same "no number: status" 2 "$status"
    chown -R nobody "$room/state"
    before=$(cksum <"$room/state/aliases")
    try "$v6shim" alias --user nobody 2001:db8::77
    same "nothing is added to it: status" 1 "$status"
    same "nothing is added to it" "v6shim alias: 2001:db8::77: this address has no alias" "$errors"
    same "nothing is added to it: same bytes" "$before" "$(cksum <"$room/state/aliases")"
    try "$v6shim" alias --user nobody --list
    contains "its list" "2001:db8::2" "$output"

    # His networks of alias-map, copied and allotted, in both directions.
    V6SHIM_ALIAS_MAP='2001:db8:5::/112=10.6.0.0/16, 2001:db8:6::/64=10.7.0.0/16'
    export V6SHIM_ALIAS_MAP
    chown -R root "$room/state"
    allotted=$("$v6shim" alias --add 2001:db8:6::1 | sed 's/ .*//')
    chown -R nobody "$room/state"
    before=$(cat "$room/state"/* | cksum)
    try "$v6shim" alias --user nobody 10.6.1.2 2001:db8:5::102 "$allotted" 2001:db8:6::1
    same "his mapped networks: nothing is wrong" "" "$errors"
    same "his mapped networks" "10.6.1.2 2001:db8:5::102 10.6.1.2 2001:db8:5::102 $allotted 2001:db8:6::1 $allotted 2001:db8:6::1" \
        "$(echo $output)"
    try "$v6shim" alias --user nobody 10.7.192.0
    same "a mapped range has a transient part too" "v6shim alias: 10.7.192.0: an alias that couldn't be stored: it meant something only in the process that gave it" "$errors"
    try "$v6shim" alias --user nobody 2001:db8:6::2
    same "nothing is allotted there" "v6shim alias: 2001:db8:6::2: this address has no alias" "$errors"
    same "decoded by his table" "from 2001:db8:6::1, 2001:db8::1" \
        "$(echo "from $allotted, $alias" | "$v6shim" decode --user nobody)"
    same "all that only read" "$before" "$(cat "$room/state"/* | cksum)"
    unset V6SHIM_ALIAS_MAP
fi
finish
