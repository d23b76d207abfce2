#!/bin/sh
# The report of `v6shim check` on several programs, as text: what they share is said once, what to do first comes at the
# end, and it suits the terminal.
#
# V6SHIM  the command, ./v6shim unless set; CC  a compiler, cc unless set
set -eu
unset COLUMNS NO_COLOR
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=$(realpath "${V6SHIM:-./v6shim}")
cc="${CC:-cc} -w -O2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
. "$here/lib.sh"

mkdir bin
$cc "$here/client-old.c" -o bin/old
$cc "$here/client-new.c" -o bin/new
cp bin/old bin/older
cp bin/old bin/rights
chmod u+s bin/rights
printf '#include <netdb.h>\n#include <sys/socket.h>\nint main(int c, char **v) { int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on); return connect(fd, (void *)gethostbyname(v[c - 1]), 16); }\n' >loud.c
$cc loud.c -o bin/loud

# Text: each remedy once, with how often its gap is there; the order of what to do.
run 1 bin
one_line "a remedy is said once" 'instead: getaddrinfo with ai_family AF_UNSPEC'
one_line "a gap is counted" '\[name-lookup\]: 4 places, 4 programs, covered by the shim in 3$'
if [ "$(grep -E '^    [0-9]+\. ' output | sed 's/ *\([0-9]\)\. *//; s/ .*//' | tr '\n' ' ')" = "Start Try Replace " ]; then
    passed=$((passed + 1))
else
    fail "what to do first"
fi
one_line "the first step names its programs" '^ *bin/old, bin/older$'
one_line "the second step names its gap" 'Try 1 program with the shim, .*\[broadcast\]\.$'
one_line "the third step too" 'Replace or port 1 program: .*\[privileged-program\]\.$'
last_line "the counts come last" \
    '5 checked: 1 is out of the shim'\''s reach, 1 works under the shim in part, 2 work under the shim, 1 speaks IPv6'
run 1 bin/old
one_line "of one program the remedy stands beside the gap" 'instead: getaddrinfo with ai_family AF_UNSPEC'
no_line "of one program there is no list" 'What to do first'
run 0 bin/new bin/new
no_line "nothing to do, no list" 'What to do first'
run 2 bin/old bin/old nonesuch
one_line "what could not be checked is the last step" '^    2\. *Look again at 1 program'

# Narrow terminals: nothing is lost, and only a word is longer.
words() { tr -s ' \n' '  ' <"$1"; }
run 1 bin
mv output wide
COLUMNS=50 "$v6shim" check --color never bin >output 2>&1 || :
long=$(awk '{ words = $0; sub(/^ */, "", words) } length($0) > 50 && words ~ / /' output | wc -l)
if [ "$long" -eq 0 ] && [ "$(words wide)" = "$(words output)" ]; then
    passed=$((passed + 1))
else
    fail "$long lines are too long for 50 columns, or words are lost"
fi

# Colors and progress: of a terminal that has them, for a user who wants them.
escapes() { # escapes NAME YES|NO VARIABLE=VALUE...: whether what a terminal gets has escape sequences
    name=$1 wanted=$2
    shift 2
    env "$@" script -qec "$v6shim check bin" /dev/null >output </dev/null 2>&1 || :
    found=no
    ! grep -q "$(printf '\033')" output || found=yes
    if [ $found = "$wanted" ] && grep -q '5 checked' output; then passed=$((passed + 1)); else fail "$name: $found"; fi
}
if command -v script >/dev/null; then
    escapes "a terminal has colors" yes TERM=xterm
    escapes "NO_COLOR" no TERM=dumb NO_COLOR=1
    escapes "an empty NO_COLOR says nothing" yes TERM=xterm NO_COLOR=
    escapes "TERM=dumb" no TERM=dumb
    env TERM=xterm NO_COLOR=1 script -qec "$v6shim check bin" /dev/null >output </dev/null 2>&1 || :
    no_line "NO_COLOR on a terminal" "$(printf '\033')\\[[0-9;]*m"
else
    echo "SKIPPED colors: this machine has no script"
fi

# A path that is longer than the kernel takes is reported; the shell gets there step by step.
name=$(printf '%0200d' 0)
mkdir deep
(
    cd deep
    for _ in $(seq 21); do
        mkdir "$name"
        cd -P "$name" 2>/dev/null || cd "./$name"
    done
    cp "$work/bin/old" .
) 2>/dev/null || :
run 2 deep
one_line "a path that is too long" '^deep/.*: could not be checked: File name too long'

# An interrupt: what was done is said.
many="/usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin /usr/bin"
# shellcheck disable=SC2086 # a list
"$v6shim" check --jobs 1 $many $many $many >output 2>errors &
process=$!
for _ in $(seq 300); do
    [ -z "$(ps -o pid= --ppid "$process")" ] || break
    sleep 0.1
done
sleep 1
kill -TERM "$process"
status=0
wait "$process" || status=$?
if [ "$status" -eq 143 ] && grep -qE '^v6shim check: interrupted: [0-9]+ of [0-9]+ files were checked, and' errors; then
    passed=$((passed + 1))
else
    cat errors >>output
    fail "interrupted: status $status"
fi
if command -v script >/dev/null; then
    env TERM=xterm script -qec "$v6shim check --jobs 1 --fail-on never /usr/lib /usr/share" /dev/null >output </dev/null 2>&1 &
    process=$!
    for _ in $(seq 100); do
        ! grep -aq 'listing files: ' output || break
        sleep 0.1
    done
    kill "$process" 2>/dev/null || :
    if grep -aq 'listing files: ' output; then passed=$((passed + 1)); else fail "files are listed in silence"; fi
    wait "$process" || :
fi

finish
