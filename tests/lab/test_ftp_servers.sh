#!/bin/sh
# FTP servers that know IPv4 alone, and clients over IPv6, which say EPSV and EPRT only; by itself and from inetd. Clients
# over IPv4 see what they always saw.
. "$(dirname "$0")/lib.sh"
lab_need_library
[ -z "${SANITIZERS-}" ] || lab_skip_all "a sanitizer alone makes curl and vsftpd hang"
command -v vsftpd >/dev/null || lab_skip_all "vsftpd is not installed"

lab_host server
lab_host client
lab_link server client
lab_on server ip address add 2001:db8::21/64 dev client
lab_on server ip address add 192.0.2.21/24 dev client
lab_on client ip address add 2001:db8::7/64 dev server
lab_on client ip address add 192.0.2.7/24 dev server

files=$LAB_DIR/ftp
mkdir -p "$files/incoming" "$LAB_DIR/empty" "$LAB_DIR/work"
chmod 755 "$files" "$LAB_DIR/empty"
chmod 777 "$files/incoming"
echo 'hello over ftp' >"$files/hello.txt"
head -c 3000000 /dev/urandom >"$files/large"
cat >"$LAB_DIR/vsftpd.conf" <<END
listen=YES
background=NO
anonymous_enable=YES
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_umask=022
anon_root=$files
secure_chroot_dir=$LAB_DIR/empty
allow_writeable_chroot=YES
port_enable=YES
xferlog_enable=YES
log_ftp_protocol=YES
vsftpd_log_file=$LAB_DIR/log/vsftpd.log
END
cd "$LAB_DIR/work" || exit 1

got() { if cmp -s "$1" "$2"; then echo same; else echo "different: $(ls -l "$1" "$2" 2>&1)"; fi; }

# on_client NAME COMMAND...: bare; is to make hello.txt and large here.
fetches() {
    what=$1
    shift
    rm -f hello.txt large
    output=$(lab_on client timeout 30 "$@" 2>&1)
    same "$what: a small file" same "$(got hello.txt "$files/hello.txt")"
    same "$what: a large file" same "$(got large "$files/large")"
    case $(got large "$files/large") in same) ;; *) printf '%s\n' "$output" | head -20 | sed 's/^/#   /' ;; esac
}

stores() {
    what=$1
    shift
    rm -f "$files/incoming"/*
    output=$(lab_on client timeout 30 "$@" 2>&1)
    same "$what" same "$(got "$files/incoming/large" "$files/large")"
}

with_clients() {
    for address in '[2001:db8::21]' 192.0.2.21; do
        fetches "$1, curl passive, $address" curl -sS -O "ftp://$address/hello.txt" -O "ftp://$address/large"
        fetches "$1, curl active, $address" curl -sS -P - -O "ftp://$address/hello.txt" -O "ftp://$address/large"
        stores "$1, curl stores, $address" curl -sS -T "$files/large" "ftp://$address/incoming/large"
    done
    command -v tnftp >/dev/null || { skip "$1, tnftp" "tnftp is not installed"; return; }
    for way in -A -p; do
        fetches "$1, tnftp $way" sh -c "printf 'user anonymous x\nbinary\nget hello.txt\nget large\nls\nquit\n' | tnftp -n $way -v 2001:db8::21"
    done
}

# start NAME COMMAND...: with the library
start() {
    start_name=$1
    shift
    lab_start server "$start_name" env V6SHIM_STATE_DIR="$LAB_DIR/state/server" LD_PRELOAD="$LAB_PRELOAD" "$@"
    server=$lab_pid
}
start vsftpd vsftpd "$LAB_DIR/vsftpd.conf"
lab_until lab_on server sh -c 'ss -ltn | grep -q ":21 "'
with_clients vsftpd
lacks "vsftpd, its log has no IPv6" 2001:db8 "$(cat "$LAB_DIR/log/vsftpd.log")"
kill $server

# ---- Servers of others, and from inetd

await_port() { lab_until lab_on server sh -c 'ss -ltn | grep -q ":21 "'; }
await_no_port() { lab_until lab_on server sh -c '! ss -ltn | grep -q ":21 "'; }
has() { command -v "$1" >/dev/null || { skip "$1" "$1 is not here"; return 1; }; }

await_no_port
# The user that anonymous clients are.
etc=$LAB_DIR/host/server/etc
rm -f "$etc/passwd"
{ echo "ftp:x:65500:65534::$files:/bin/sh" && grep -v '^ftp:' /etc/passwd; } >"$etc/passwd"
if has pure-ftpd; then
    start pure-ftpd pure-ftpd -4 -e -A -H
    await_port
    with_clients "pure-ftpd -4"
    kill $server
    await_no_port
fi
# One that is started for each client: by an inetd that serves IPv6 itself, and knows nothing of the library; and by one
# that has it and passes it on.
if has inetd && has vsftpd; then
    sed 's/^listen=YES/listen=NO/' "$LAB_DIR/vsftpd.conf" >"$LAB_DIR/vsftpd-inetd.conf"
    cat >"$LAB_DIR/run-ftpd" <<END
#!/bin/sh
LD_PRELOAD=$LAB_PRELOAD V6SHIM_SHAPE=ipv4 V6SHIM_STATE_DIR=$LAB_DIR/state/server exec vsftpd $LAB_DIR/vsftpd-inetd.conf
END
    chmod +x "$LAB_DIR/run-ftpd"
    printf 'ftp stream tcp6 nowait root %s run-ftpd\n' "$LAB_DIR/run-ftpd" >"$LAB_DIR/inetd6.conf"
    printf 'ftp stream tcp4 nowait root %s vsftpd %s\n' "$(command -v vsftpd)" "$LAB_DIR/vsftpd-inetd.conf" >"$LAB_DIR/inetd4.conf"
    lab_start server inetd6 inetd -d -i "$LAB_DIR/inetd6.conf"
    server=$lab_pid
    await_port
    fetches "vsftpd from an inetd for IPv6, passive" curl -sS -O 'ftp://[2001:db8::21]/hello.txt' -O 'ftp://[2001:db8::21]/large'
    fetches "vsftpd from an inetd for IPv6, active" curl -sS -P - -O 'ftp://[2001:db8::21]/hello.txt' -O 'ftp://[2001:db8::21]/large'
    kill $server
    await_no_port
    start inetd4 inetd -d -i "$LAB_DIR/inetd4.conf"
    await_port
    with_clients "vsftpd from inetd"
    kill $server
    lacks "no server from inetd has seen IPv6" 2001:db8 "$(cat "$LAB_DIR/log/vsftpd.log")"
fi
lab_until sh -c '! grep -qsx v6shim-relay /proc/[0-9]*/comm'
same "no relay is left" "" "$(cat /proc/[0-9]*/comm 2>/dev/null | grep v6shim-relay)"
lab_done
