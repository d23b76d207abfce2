#!/bin/sh
# docs/guide/inetd.md, as it is printed (guide.sh), with Debian's openbsd-inetd, xinetd and tcpd.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

for program in inetd xinetd tcpd; do
    command -v $program >/dev/null || lab_skip_all "$program is not installed"
done

guide_prepare
guide_host server
guide_host client
lab_link server client
lab_on server ip address add 2001:db8::80/64 dev client
lab_on server ip address add 192.0.2.80/24 dev client
lab_on client ip address add 2001:db8::7/64 dev server
lab_on client ip address add 192.0.2.7/24 dev server
cp "$LAB_BUILD/legacy-samples/inetd-server" "$LAB_DIR/host/server/local/in.oldd"
rm -f "$LAB_DIR/host/server/etc/"hosts.allow "$LAB_DIR/host/server/etc/"hosts.deny "$LAB_DIR/host/server/etc/"*inetd.*

guide_run docs/guide/inetd.md
lab_done
