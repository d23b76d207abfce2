#!/bin/sh
# The command itself: help, version, and what it says to words that it doesn't know.
. "$(dirname "$0")/lib.sh"

try "$v6shim"
same "no command: status" 2 "$status"
same "no command: nothing on standard output" "" "$output"
contains "no command: usage" "usage: v6shim COMMAND" "$errors"

try "$v6shim" --help
same "--help: status" 0 "$status"
same "--help: nothing on standard error" "" "$errors"
usage=$output
for word in -h help; do
    try "$v6shim" $word
    same "$word is --help" "$usage" "$output"
done

try "$v6shim" --version
same "--version: status" 0 "$status"
contains "--version" "v6shim " "$output"

# Every command explains itself, twice in the same way, and has a section in the manual page.
commands=$(printf '%s\n' "$usage" | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
contains "run is among the commands" "run" "$commands"
for command in $commands; do
    try "$v6shim" "$command" --help
    same "$command --help: status" 0 "$status"
    same "$command --help: nothing on standard error" "" "$errors"
    contains "$command --help" "usage: v6shim $command" "$output"
    explained=$output
    try "$v6shim" help "$command"
    same "help $command" "$explained" "$output"
    contains "manual of $command" ".Ss v6shim $command" "$(cat "$source_root/docs/v6shim.1.in")"
    try "$v6shim" "$command" --no-such-option
    same "$command --no-such-option: status" 2 "$status"
    same "$command --no-such-option: one line" 1 "$(lines_of "$errors")"
done

try "$v6shim" rnu
same "a mistyped command: status" 2 "$status"
same "a mistyped command" "v6shim: there is no command rnu; did you mean run?" "$errors"
try "$v6shim" help rnu
same "help for a mistyped command" "v6shim: there is no command rnu; did you mean run?" "$errors"
try "$v6shim" help help
contains "help for help" "usage: v6shim COMMAND" "$output"
try "$v6shim" colour
same "an unknown command" "v6shim: there is no command colour; see v6shim --help" "$errors"
try "$v6shim" "$(printf 'a\033[31m\nb')"
same "control characters are made harmless" 'v6shim: there is no command a\x1b[31m\x0ab; see v6shim --help' "$errors"
try "$v6shim" --prefer=ipv6
same "an option before the command: status" 2 "$status"
contains "an option before the command" "there is no option --prefer=ipv6 before a command" "$errors"

if [ -w /dev/full ]; then
    "$v6shim" --help >/dev/full 2>"$room/errors"
    same "a full disk: status" 1 $?
    same "a full disk" "v6shim: cannot write to standard output: No space left on device" "$(cat "$room/errors")"
    V6SHIM_NAT64=off "$v6shim" nat64 >/dev/full 2>"$room/errors"
    same "a full disk, and the answer was no: status" 1 $?
    same "a full disk, and the answer was no" "v6shim: cannot write to standard output: No space left on device" \
        "$(cat "$room/errors")"
fi
V6SHIM_NAT64=off "$v6shim" nat64 >&- 2>"$room/errors"
same "no standard output: status" 1 $?
same "no standard output" "v6shim: cannot write to standard output: Bad file descriptor" "$(cat "$room/errors")"
finish
