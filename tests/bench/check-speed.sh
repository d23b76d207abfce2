#!/bin/sh
# How fast `v6shim check` goes through a directory of programs, against `readelf -d --dyn-syms` over the same files. The
# aim is a ratio of 1 or less. Each runs a few times in turn; the best time of each counts.
#
#   sh tests/bench/check-speed.sh [DIRECTORY]       (/usr/bin unless given; V6SHIM, ROUNDS from the environment)
set -eu
v6shim=${V6SHIM:-./v6shim}
directory=${1:-/usr/bin}
rounds=${ROUNDS:-5}
command -v readelf >/dev/null || {
    echo "check-speed: readelf (binutils) is not here to compare with" >&2
    exit 77
}
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find "$directory" -type f -perm /111 >"$list"
files=$(wc -l <"$list")

now_ms() { date +%s%3N; }
# best COMMAND...: the least milliseconds that it took
best() {
    least=
    round=0
    while [ "$round" -lt "$rounds" ]; do
        begin=$(now_ms)
        "$@" <"$list" >/dev/null 2>&1 || :
        taken=$(($(now_ms) - begin))
        [ -n "$least" ] && [ "$least" -le "$taken" ] || least=$taken
        round=$((round + 1))
    done
    echo "$least"
}

reading=$(best xargs -d '\n' readelf -d --dyn-syms)
checking=$(best "$v6shim" check --json -)
one=$(best "$v6shim" check --json --jobs 1 -)
awk -v files="$files" -v reading="$reading" -v checking="$checking" -v one="$one" 'BEGIN {
    printf "%-28s %8s %10s %8s\n", "over " files " files", "ms", "files/s", "ratio"
    printf "%-28s %8d %10.0f %8.2f\n", "readelf -d --dyn-syms", reading, files * 1000 / reading, 1
    printf "%-28s %8d %10.0f %8.2f\n", "v6shim check", checking, files * 1000 / checking, checking / reading
    printf "%-28s %8d %10.0f %8.2f\n", "v6shim check --jobs 1", one, files * 1000 / one, one / reading
}'
