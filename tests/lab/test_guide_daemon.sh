#!/bin/sh
# docs/guide/daemon.md, as it is printed (guide.sh).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

guide_prepare
guide_host server
guide_host client
lab_link server client
lab_on server ip address add 2001:db8::80/64 dev client
lab_on server ip address add 192.0.2.80/24 dev client
lab_on client ip address add 2001:db8::7/64 dev server

# What the page takes for granted: the daemon by its name, and a unit of its own.
cp "$LAB_BUILD/legacy-samples/select-server" "$LAB_DIR/host/server/local/oldd"
etc=$LAB_DIR/host/server/etc
rm -f "$etc/systemd"
mkdir -p "$etc/systemd/system"
printf '[Service]\nExecStart=/usr/local/bin/oldd 7007\nUser=oldd\nRestrictAddressFamilies=AF_INET AF_UNIX\n' \
    >"$etc/systemd/system/oldd.service"

guide_run docs/guide/daemon.md
lab_done
