#!/bin/sh
# docs/porting.md is what its sources make it.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
made=$(mktemp)
trap 'rm -f "$made"' EXIT
awk -v root="$root" -f "$root/docs/porting.awk" "$root/src/check/gaps.def" "$root/docs/porting.examples" >"$made"
cmp "$made" "$root/docs/porting.md" || {
    echo "docs/porting.md is out of date: see the first lines of docs/porting.awk" >&2
    exit 1
}
