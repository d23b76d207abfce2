#!/bin/sh
# FTP servers that know IPv4 alone, and clients over IPv6, which say EPSV and EPRT only; by itself and from inetd. Clients
# over IPv4 see what they always saw.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/ftp.sh"

lab_host server
lab_host client
lab_link server client
lab_on server ip address add 2001:db8::21/64 dev client
lab_on server ip address add 192.0.2.21/24 dev client
lab_on client ip address add 2001:db8::7/64 dev server
lab_on client ip address add 192.0.2.7/24 dev server

ftp_configure listen=YES port_enable=YES
ftp_client() { lab_on client timeout 30 "$@"; }

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
ftp_await server ""
with_clients vsftpd
lacks "vsftpd, its log has no IPv6" 2001:db8 "$(cat "$LAB_DIR/log/vsftpd.log")"
kill $server

# ---- Servers of others, and from inetd

await_no_port() { lab_until lab_on server sh -c '! ss -ltn | grep -q ":21 "'; }

await_no_port
# The user that anonymous clients are.
etc=$LAB_DIR/host/server/etc
rm -f "$etc/passwd"
{ echo "ftp:x:65500:65534::$files:/bin/sh" && grep -v '^ftp:' /etc/passwd; } >"$etc/passwd"
if has pure-ftpd; then
    start pure-ftpd pure-ftpd -4 -e -A -H
    ftp_await server ""
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
    ftp_await server ""
    fetches "vsftpd from an inetd for IPv6, passive" curl -sS -O 'ftp://[2001:db8::21]/hello.txt' -O 'ftp://[2001:db8::21]/large'
    fetches "vsftpd from an inetd for IPv6, active" curl -sS -P - -O 'ftp://[2001:db8::21]/hello.txt' -O 'ftp://[2001:db8::21]/large'
    kill $server
    await_no_port
    start inetd4 inetd -d -i "$LAB_DIR/inetd4.conf"
    ftp_await server ""
    with_clients "vsftpd from inetd"
    kill $server
    lacks "no server from inetd has seen IPv6" 2001:db8 "$(cat "$LAB_DIR/log/vsftpd.log")"
fi
lab_until sh -c '! grep -qsx v6shim-relay /proc/[0-9]*/comm'
same "no relay is left" "" "$(cat /proc/[0-9]*/comm 2>/dev/null | grep v6shim-relay)"
lab_done
