#!/bin/sh
# docs/guide/fleet.md, as it is printed (guide.sh).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

for program in jq gcc pgrep; do
    command -v $program >/dev/null || lab_skip_all "$program is not installed"
done
"$LAB_BUILD/v6shim" check --help >/dev/null || lab_skip_all "v6shim was built without check"
guide_prepare
guide_host host

# What the page takes for granted: five programs, one of each kind. /opt is this host's own.
old=$LAB_DIR/host/host/opt/old
mkdir -p "$old"
lab_on host mount --bind "$LAB_DIR/host/host/opt" /opt
cp "$LAB_BUILD/legacy-samples/tcp-client" "$old/oldapp"
cp "$LAB_BUILD/legacy-samples/select-server" "$old/oldd"
cp "$LAB_BUILD/legacy-samples/tcp-client-ported" "$old/newapp"
gcc -static -w -o "$old/oldstatic" "$LAB_SOURCE/../../legacy-samples/tcp-client.c" || lab_skip_all "no static programs are made here"
cp "$LAB_DIR/real/bin/wc" "$old/oldcount"
ln -s /opt/old/oldd "$LAB_DIR/host/host/local/oldd"

guide_run docs/guide/fleet.md
lab_done
