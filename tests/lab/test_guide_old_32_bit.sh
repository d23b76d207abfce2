#!/bin/sh
# docs/guide/old-32-bit.md, as it is printed (guide.sh), in a build of both classes (configure --enable-multilib).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

command -v jq >/dev/null || lab_skip_all "jq is not installed"
[ -e "$LAB_BUILD/32/.libs/libv6shim.so" ] || lab_skip_all "this build has no libraries of 32 bits (configure --enable-multilib)"
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$LAB_BUILD" install DESTDIR="$LAB_DIR/root" >"$LAB_DIR/log/install" 2>&1 || lab_bail "make install failed"
guide_prepare
guide_host host
lab_on host ip address add 2001:db8::80/128 dev lo

# Installed, with old programs of 32 bits and a server for IPv6.
samples=$LAB_SOURCE/../../legacy-samples
for name in tcp-client:oldapp select-server:oldd; do
    gcc -m32 -w -o "$LAB_DIR/root/usr/local/bin/${name#*:}" "$samples/${name%:*}.c" || lab_bail "gcc -m32 makes no $name"
done
lab_on host mount --bind "$LAB_DIR/root/usr/local" /usr/local
lab_start host echo "$LAB_BUILD/legacy-samples/select-server-ported" 7008
lab_until grep -q listening "$LAB_DIR/log/echo"

guide_run docs/guide/old-32-bit.md
lab_done
