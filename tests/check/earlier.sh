#!/bin/sh
# v6shim check beside an earlier report: --baseline leaves what is known, --diff says what got better or worse, and
# --ignore what somebody has looked at, with the reason.
#
# V6SHIM  the command, ./v6shim unless set; CC  a compiler, cc unless set
set -eu
unset COLUMNS
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=$(realpath "${V6SHIM:-./v6shim}")
cc="${CC:-cc} -w -O2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
. "$here/lib.sh"

mkdir bin
$cc "$here/client-old.c" -o old
$cc "$here/client-new.c" -o new
printf '#include <netdb.h>\n#include <sys/socket.h>\nint main(int c, char **v) { int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on); return connect(fd, (void *)gethostbyname(v[c - 1]), 16); }\n' >loud.c
$cc loud.c -o loud
odd=$(printf 'bin/odd\377')
cp old bin/stays
cp old bin/ported
cp old bin/broken
cp old bin/removed
cp loud bin/loud
cp old "$odd"
"$v6shim" check --fail-on never --json bin >before.json

# A baseline: only what is new counts.
run 0 --baseline before.json bin
last_line "all is known" '6 checked: 1 works under the shim in part, 5 work under the shim'
one_line "how much is known" '^    known     1[0-9] of the baseline'
no_line "what is known has no place" '^bin/'
cp loud bin/broken
run 1 --baseline before.json bin
one_line "another gap counts" '^bin/broken: works under the shim in part'
one_line "only that gap" '^    warning   broadcast is used \[broadcast\]$'
no_line "not the known one" '^    error     names are looked up'
"$v6shim" check --baseline before.json --format=sarif bin >sarif.json || :
for state in unchanged new; do
    grep -q "\"baselineState\":\"$state\"" sarif.json || fail "SARIF has no $state result"
done
if command -v python3 >/dev/null; then
    for format in json sarif csv html; do
        "$v6shim" check --baseline before.json --format=$format bin >answer || :
        python3 "$here/formats.py" $format answer >output 2>&1 || fail "$format with a baseline"
    done
fi

# What has changed.
cp new bin/ported
rm bin/removed
cp old bin/added
cp new bin/harmless
run 1 --diff before.json bin
one_line "worse" '^    worse     bin/broken: works under the shim -> works under the shim in part; more: \[broadcast\]'
one_line "better" '^    better    bin/ported: works under the shim -> speaks IPv6; no longer: \[name-lookup\]'
one_line "new" '^    new       bin/added: works under the shim$'
one_line "gone" '^    gone      bin/removed: works under the shim$'
found=$(grep -cE '^    (worse|better|new|gone) ' output)
[ "$found" -eq 4 ] || fail "$found changes, not 4"
"$v6shim" check --diff before.json --json bin >output || :
found=$(grep -cE '"change":"(worse|better|new|gone)"' output)
[ "$found" -eq 4 ] || fail "JSON has $found changes"
"$v6shim" check --diff before.json --format=html bin >output || :
one_line "the page has them" '^<li>worse: <code>bin/broken</code>'
"$v6shim" check --fail-on never --json bin >now.json
run 1 --diff now.json bin
one_line "nothing changed" 'nothing got better or worse'

# The same verdict, with one more place of a gap and with another gap.
sed 's/return connect/gethostbyname("other"); inet_addr(v[0]); return connect/; 1s/^/#include <arpa\/inet.h>\n/' loud.c >louder.c
$cc louder.c -o bin/loud
run 1 --baseline now.json bin/loud
one_line "one more place counts" '^    error     names are looked up for IPv4 only \[name-lookup\]'
no_line "as many places do not" '\[broadcast\]'
run 1 --diff now.json bin
one_line "worse without another verdict" '^    worse     bin/loud: works under the shim in part; more: \[address-text\]$'
"$v6shim" check --fail-on never --json bin >louder.json
cp loud bin/loud
run 1 --diff louder.json bin
one_line "and better" '^    better    bin/loud: works under the shim in part; no longer: \[address-text\]$'

# What is ignored.
cat >ignore <<'EOF'
# looked at by the network team

bin/l* [broadcast]  # it announces itself on its own link
bin/broken broadcast # the same
bin/stays           # goes next month
bin/none\ such # blank
EOF
run 1 --ignore ignore bin
one_line "ignored with its reason" '^    ignored   bin/loud \[broadcast\]: it announces itself on its own link$'
one_line "without brackets" '^    ignored   bin/broken \[broadcast\]: the same$'
found=$(grep -c '^    ignored   bin/stays \[[a-z-]*\]: goes next month$' output)
[ "$found" -gt 1 ] || fail "all gaps of a program"
no_line "an ignored program has no place" '^bin/stays'
printf 'bin/* # all of it\nnonesuch # not here\n' >ignore
run 0 --ignore ignore bin
run 0 --ignore ignore bin nonesuch
one_line "that it could not be checked" '^    ignored   nonesuch: not here$'
run 2 --ignore ignore bin othersuch

# Bad input: one line that says where.
bad() { # bad LINE-OF-COMPLAINT ARGUMENT...
    wanted=$1
    shift
    run 2 "$@" bin
    if [ "$(cat output)" = "v6shim check: $wanted" ]; then passed=$((passed + 1)); else fail "$*"; fi
}
printf '# one\nbin/x broadcast\n' >bad
bad "bad, line 2: a reason is missing: PATTERN [GAP] # REASON" --ignore bad
printf 'bin/x [brodcast] # why\n' >bad
bad "bad, line 1: there is no such gap; docs/porting.md and v6shim check name them in brackets" --ignore bad
bad "can't read nonesuch: No such file or directory" --ignore nonesuch
printf '{"programs":[{"path":7,"gaps":[{"id":"x","evidence":[{"line":-1}]},3]},null]}' >bad
bad "can't use the report bad: it is not what v6shim check --format=json prints" --baseline bad
printf '{"schema":2,"programs":[]}' >bad
bad "can't use the report bad: it is of another version of v6shim, whose reports mean something else" --diff bad
printf '{"schema":1,"programs":[{"path":7,"gaps":[{"id":"broadcast","evidence":[{"line":-1}]},3]},null,[],"x",{}]}' >bad
run 1 --diff bad bin
run 2 --diff before.json --format=csv bin
one_line "no changes in CSV" '--diff goes with text, json and html'
run 2 --diff before.json --run ./old
one_line "not for a run" 'are for files, not for --run'
finish
