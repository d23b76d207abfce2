#!/bin/sh
# The library shows the hooks of hooks.def (and, where the port has them, those of time64.def) to the program, and no other
# name; the observer those of observed.def, under these names too, and its answer to the shim.
src=${srcdir:-.}/src
status=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# compare LIBRARY LIST, with the wanted names on standard input: false where they differ
compare() {
    sort >"$work/wanted"
    # Names of versions are absolute symbols; of some functions there are two (older.def).
    nm -D --defined-only "$1" | awk '$2 != "A" { sub("@.*", "", $NF); print $NF }' | sort -u >"$work/shown"
    if ! cmp -s "$work/wanted" "$work/shown"; then
        echo "exported names (>) are not those of $2 (<):"
        diff "$work/wanted" "$work/shown" | grep '^[<>]'
        return 1
    fi
}

# A library for musl: those that musl has, and a function that puts lists back that we have joined.
hooks() {
    if grep -q '^LIBC = musl' Makefile; then
        awk '/^HOOK\(/ { name = $0; sub(/^HOOK\([^,]*, */, "", name); sub(/,.*/, "", name) }
            name && /\)$/ { if ($NF !~ /^GLIBC/) print name; name = "" }' "$src/preload/hooks.def"
        echo freeaddrinfo
    else
        sed -n 's/^HOOK([^,]*, *\([A-Za-z0-9_]*\),.*/\1/p' "$src/preload/hooks.def"
    fi
    cat src/preload/hooks/time64.names
}
hooks | compare .libs/libv6shim.so "hooks.def and time64.def" || status=1
case " ${BUILT-check} " in *" check "*) ;; *) exit $status ;; esac
{
    awk -f "$src/check/observer/exports.awk" src/preload/hooks/time64.names "$src/check/observed.def" "$src/preload/time64.def"
    echo v6shim_observed_caller
} | compare .libs/libv6shim-observe.so "observed.def and time64.def" || status=1
exit $status
