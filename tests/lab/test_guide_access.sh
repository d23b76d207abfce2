#!/bin/sh
# docs/guide/access.md, as it is printed (guide.sh), with Debian's fail2ban.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/guide.sh"

for program in fail2ban-regex systemd-analyze; do
    command -v $program >/dev/null || lab_skip_all "$program is not installed"
done
guide_prepare
guide_host server
guide_host friend
guide_host stranger
lab_link server friend
lab_link server stranger
lab_on server ip address add 2001:db8:6::1/64 dev friend
lab_on server ip address add 2001:db8:bad::1/64 dev stranger
lab_on server ip address add 2001:db8::80/128 dev lo
lab_on friend ip address add 2001:db8:6::7/64 dev server
lab_on friend ip -6 route add default via 2001:db8:6::1
lab_on stranger ip address add 2001:db8:bad::9/64 dev server
lab_on stranger ip -6 route add default via 2001:db8:bad::1
cp "$LAB_BUILD/legacy-samples/access-server" "$LAB_DIR/host/server/local/oldd"
rm -f "$LAB_DIR/host/server/etc/systemd"
mkdir -p "$LAB_DIR/host/server/etc/systemd/system"

guide_run docs/guide/access.md
lab_done
