#!/bin/sh
# The forms of v6shim check's report that programs read: JSON, SARIF, CSV, HTML. formats.py reads each as its standard
# has it. Names of files are hostile; nothing of them may turn text, make markup, or be a formula.
#
# V6SHIM        the command, ./v6shim unless set; CC  a compiler, cc unless set
# SARIF_SCHEMA  the JSON schema of SARIF 2.1.0, which OASIS publishes and nobody packages: with it, and python3-jsonschema,
#               the SARIF is validated; without, only what the standard requires of the fields that are there is looked at
set -eu
unset COLUMNS
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
v6shim=$(realpath "${V6SHIM:-./v6shim}")
cc="${CC:-cc} -w -O2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
. "$here/lib.sh"
command -v python3 >/dev/null || {
    echo "SKIPPED: this machine has no python3"
    exit 77
}

mkdir bin
$cc "$here/client-old.c" -o bin/old
$cc "$here/client-new.c" -o bin/new
printf '#!/usr/bin/python3\nimport socket\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM)\n' >bin/script
printf '#!/bin/sh\necho hello\n' >bin/shell
chmod +x bin/script bin/shell
cp bin/old '=1+1'
cp bin/old '@x'
cp bin/old 'a "b", <i>&c'
cp bin/old "$(printf 'gpj\342\200\256exe')"
cp bin/old "$(printf 'latin\377')"
cp bin/old "$(printf 'new\nline')"

# answer FORMAT STATUS ARGUMENT...: formats.py reads what comes
answer() {
    format=$1 wanted_status=$2
    shift 2
    status=0
    "$v6shim" check "--format=$format" "$@" >answer 2>errors </dev/null || status=$?
    if python3 "$here/formats.py" "$format" answer >output 2>&1 && [ "$status" -eq "$wanted_status" ]; then
        passed=$((passed + 1))
    else
        cat errors >>output
        fail "$format of $*: status $status"
    fi
}

for format in json sarif csv html; do
    answer $format 1 bin -- '=1+1' '@x' 'a "b", <i>&c' "$(printf 'gpj\342\200\256exe')" "$(printf 'latin\377')" "$(printf 'new\nline')"
    one_line "$format has them all" '^10 programs$'
    one_line "$format: the verdicts" '^ready 1, shim 8, no-network 1$'
    answer $format 2 nonesuch /dev/null bin/new
    one_line "$format: what could not be checked" '^3 programs$'
    answer $format 0 --all -
    one_line "$format: nothing" '^0 programs$'
    if LC_ALL=C grep -q "$(printf '\342\200\256')" answer; then fail "$format turns text"; fi
done
run 2 --format=xml bin
one_line "a format that is none" '--format wants text, json, sarif, csv or html, not xml'
"$v6shim" check --json bin >one || :
"$v6shim" check --format=json bin >other || :
if cmp -s one other; then passed=$((passed + 1)); else fail "--json is --format=json"; fi
run 1 "$(printf 'gpj\342\200\256exe')"
one_line "text does not turn" '^gpj\\xe2\\x80\\xaeexe: works'

finish
