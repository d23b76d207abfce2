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

# What the page takes for granted: the daemon by its name, one that drops its rights, and a unit.
cp "$LAB_BUILD/legacy-samples/select-server" "$LAB_DIR/host/server/local/oldd"
etc=$LAB_DIR/host/server/etc
rm -f "$etc/systemd"
mkdir -p "$etc/systemd/system"
printf '[Service]\nExecStart=/usr/local/bin/oldd 7007\nUser=oldd\nRestrictAddressFamilies=AF_INET AF_UNIX\n' \
    >"$etc/systemd/system/oldd.service"
mkdir -p "$LAB_DIR/host/server/srv/empty"
lab_on server mount --bind "$LAB_DIR/host/server/srv" /srv
cat >"$LAB_DIR/host/server/local/dropd" <<'END'
#!/usr/bin/perl
use strict;
use Socket;
my ($port, $root, $user) = @ARGV;
my $id = getpwnam $user;
$| = 1;
socket my $server, PF_INET, SOCK_STREAM, 0 or die;
setsockopt $server, SOL_SOCKET, SO_REUSEADDR, 1;
bind $server, sockaddr_in($port, INADDR_ANY) or die "bind: $!\n";
listen $server, 5;
chroot $root or die "chroot: $!\n";
chdir '/';
($<, $>) = ($id, $id);
print "listening on port $port\n";
while (my $from = accept my $peer, $server) {
    my (undef, $address) = sockaddr_in($from);
    print join('.', unpack 'C4', $address), " connected\n";
    syswrite $peer, $_ while sysread $peer, $_, 512;
    close $peer;
}
END
chmod 755 "$LAB_DIR/host/server/local/dropd"

guide_run docs/guide/daemon.md
lab_done
