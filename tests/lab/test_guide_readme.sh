#!/bin/sh
# README.md: its tour, as it is printed (guide.sh), in a build directory.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

"$LAB_BUILD/v6shim" check --help >/dev/null 2>&1 || lab_skip_all "v6shim was built without check"
guide_prepare
guide_host machine
guide_bare=machine
# The tour sets a key: its aliases are the same everywhere.
echo '240.114.46.169 240.114.46.169' >"$LAB_DIR/aliases"
ln -s "$LAB_BUILD/v6shim" "$LAB_BUILD/legacy-samples" "$LAB_BUILD/.libs" "$LAB_DIR/host/machine/home/"

guide_run README.md
lab_done
