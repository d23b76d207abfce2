#!/bin/sh
# systemd itself, as process 1 of a container: a sandboxed service with a user of its own is enabled, serves IPv6, its
# log is decoded without an option, and is as it was when it is disabled.
. "$(dirname "$0")/lib.sh"
lab_need_library
for tool in systemd-nspawn systemctl perl; do command -v $tool >/dev/null || lab_skip_all "$tool is not installed"; done
[ -x /lib/systemd/systemd ] || lab_skip_all "systemd is not installed"
[ -z "${SANITIZERS-}" ] || lab_skip_all "a sanitizer's runtime is not in the container"

root=$LAB_DIR/root
mkdir "$root" "$LAB_DIR/layers" "$LAB_DIR/out"
mount -t tmpfs layers "$LAB_DIR/layers" && mkdir "$LAB_DIR/layers/upper" "$LAB_DIR/layers/work" &&
    mount -t overlay -o "lowerdir=/,upperdir=$LAB_DIR/layers/upper,workdir=$LAB_DIR/layers/work" overlay "$root" 2>/dev/null ||
    lab_skip_all "no overlay of the root can be mounted"
rm -rf "$root/var/lib/v6shim" "$root"/var/lib/v6shim-* "$root"/var/lib/private/v6shim-*
mkdir -p "$root/opt/lab"
cp "$LAB_LIBRARY" "$LAB_BUILD/v6shim" "$LAB_BUILD/legacy-samples/select-server" "$root/opt/lab/"
cat >"$root/opt/lab/ask.pl" <<'END'
use Socket qw(:all);
socket(my $s, AF_INET6, SOCK_STREAM, 0) or die;
bind($s, pack_sockaddr_in6(0, inet_pton(AF_INET6, "2001:db8::7"))) or die;
exit 1 unless connect($s, pack_sockaddr_in6(7008, inet_pton(AF_INET6, "2001:db8::1")));
syswrite($s, "hello\n"); sysread($s, my $answer, 100); print $answer;
END
cat >"$root/etc/systemd/system/oldd.service" <<'END'
[Unit]
DefaultDependencies=no
[Service]
ExecStart=/opt/lab/select-server 7008
StandardOutput=append:/out/log
StandardError=append:/out/log
DynamicUser=yes
RestrictAddressFamilies=AF_INET AF_UNIX
SystemCallFilter=@system-service
NoNewPrivileges=yes
END
cat >"$root/etc/systemd/system/lab.service" <<'END'
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/sh /opt/lab/steps
END
cat >"$root/opt/lab/steps" <<'END'
exec 2>/out/errors
export V6SHIM_LIBRARY=/opt/lab/libv6shim.so
ip link set lo up
for address in 2001:db8::1 2001:db8::7; do ip -6 address add $address/128 dev lo nodad; done
asked() { # FILE: until it listens, five seconds
    tries=0
    until perl -e 'use IO::Socket::INET; exit !IO::Socket::INET->new("127.0.0.1:7008")' || [ $tries -gt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    perl /opt/lab/ask.pl >/out/$1
}
systemctl start oldd; asked before; systemctl stop oldd
/opt/lab/v6shim enable oldd >/out/enabled
: >/out/log
systemctl start oldd; asked while
systemctl show -p MainPID,ActiveState oldd >/out/shown
systemctl stop oldd
cat /proc/1/comm >/out/first
ls -ld /var/lib/v6shim-oldd >/out/directory
/opt/lab/v6shim decode /out/log >/out/decoded 2>/out/said
/opt/lab/v6shim disable oldd >/out/disabled
systemctl start oldd; asked after; systemctl stop oldd
END
timeout -s KILL 60 systemd-nspawn --quiet -D "$root" --register=no --keep-unit --private-network --bind="$LAB_DIR/out:/out" \
    --boot --console=pipe systemd.unit=lab.service >"$LAB_DIR/log/systemd" 2>&1 </dev/null
out() { cat "$LAB_DIR/out/$1" 2>/dev/null; }
[ "$(out first)" = systemd ] || lab_skip_all "systemd doesn't run here as process 1 of a container"
same "before: no IPv6" "" "$(out before)"
same "enabled: serves IPv6" "hello" "$(out while)"
contains "enabled: runs" "ActiveState=active" "$(out shown)"
contains "the log has an alias" "240." "$(out log)"
contains "the state directory is a link of root's" "v6shim-oldd -> private/v6shim-oldd" "$(out directory)"
contains "decoded without an option" "2001:db8::7" "$(out decoded)"
contains "decoded by the service's table" "by the aliases in /var/lib/v6shim-oldd (of " "$(out said)"
same "disabled: no IPv6" "" "$(out after)"
lab_done
