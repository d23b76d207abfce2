#!/bin/sh
# FTP clients that know IPv4 alone, with a server that has an IPv6 address only: passive and active, both ways, with
# programs of others. An address in a command or reply that was not translated would lead nowhere.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/ftp.sh"

lab_host server
lab_host client
lab_link server client
lab_on server ip address add 2001:db8::21/64 dev client
lab_on client ip address add 2001:db8::7/64 dev server
printf '127.0.0.1 localhost\n2001:db8::21 ftp.example\n' >"$LAB_DIR/host/client/etc/hosts"

ftp_configure listen=NO listen_ipv6=YES anon_mkdir_write_enable=YES anon_other_write_enable=YES seccomp_sandbox=NO \
    connect_from_port_20=NO port_promiscuous=NO
lab_start server vsftpd vsftpd "$LAB_DIR/vsftpd.conf"
ftp_await server ""

ftp_client() {
    timeout 60 nsenter --target "$lab_pid_client" --net --mount --root --wdns="$PWD" -- env \
        V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$LAB_PRELOAD" "$@" 2>&1
}

has inetutils-ftp && fetches "inetutils-ftp, active" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nls\nquit\n" | inetutils-ftp -4 -n -A -v ftp.example'
has inetutils-ftp && fetches "inetutils-ftp, passive" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nls\nquit\n" | inetutils-ftp -4 -n -p -v ftp.example'
has tnftp && fetches "tnftp -4 -A" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nls\nquit\n" | tnftp -4 -n -A -v ftp.example'
has tnftp && fetches "tnftp -4 -p" sh -c 'printf "user anonymous x\nbinary\nget hello.txt\nget large\nls\nquit\n" | tnftp -4 -n -p -v ftp.example'
has ncftpget && fetches "ncftpget -F" ncftpget -F -u anonymous -p x ftp.example . hello.txt large
has ncftpget && fetches "ncftpget -E" ncftpget -E -u anonymous -p x ftp.example . hello.txt large
has wget && fetches "wget -4" wget -4 -q ftp://ftp.example/hello.txt ftp://ftp.example/large
has wget && fetches "wget -4, active" wget -4 -q --no-passive-ftp ftp://ftp.example/hello.txt ftp://ftp.example/large
has curl && fetches "curl -4" sh -c 'curl -4 -sS -O ftp://ftp.example/hello.txt -O ftp://ftp.example/large'
has curl && fetches "curl -4 --disable-epsv" sh -c 'curl -4 -sS --disable-epsv -O ftp://ftp.example/hello.txt -O ftp://ftp.example/large'
has curl && fetches "curl -4 -P -" sh -c 'curl -4 -sS -P - -O ftp://ftp.example/hello.txt -O ftp://ftp.example/large'
has python3 && fetches "Python ftplib" python3 -c '
import ftplib, socket
every = socket.getaddrinfo
socket.getaddrinfo = lambda host, port, family=0, *rest, **more: every(host, port, socket.AF_INET, *rest, **more)
for passive in (True, False):
    f = ftplib.FTP()
    f.connect("ftp.example", 21, timeout=20); f.login(); f.set_pasv(passive)
    for n in ("hello.txt", "large"):
        with open(n, "wb") as o: f.retrbinary("RETR " + n, o.write)
    f.quit()'
has perl && fetches "Perl Net::FTP" perl -MNet::FTP -e '
for my $passive (1, 0) {
    my $f = Net::FTP->new("ftp.example", Passive => $passive, Timeout => 20, Domain => 2) or die $@;
    $f->login("anonymous", "x") or die $f->message; $f->binary;
    for (qw(hello.txt large)) { $f->get($_) or die $f->message } $f->quit }'

# ---- To the server, broken off and taken up again, much and many

cp "$files/large" large
has inetutils-ftp && stores "inetutils-ftp -4 stores, active" sh -c 'printf "user anonymous x\nbinary\ncd incoming\nput large\nquit\n" | inetutils-ftp -4 -n -A -v ftp.example'
has inetutils-ftp && stores "inetutils-ftp -4 stores, passive" sh -c 'printf "user anonymous x\nbinary\ncd incoming\nput large\nquit\n" | inetutils-ftp -4 -n -p -v ftp.example'
has ncftpput && stores "ncftpput -F" ncftpput -F -u anonymous -p x ftp.example incoming large
has ncftpput && stores "ncftpput -E" ncftpput -E -u anonymous -p x ftp.example incoming large
has curl && stores "curl -4 -T" curl -4 -sS -T large ftp://ftp.example/incoming/large
has curl && stores "curl -4 -T -P -" curl -4 -sS -P - -T large ftp://ftp.example/incoming/large
has wput && stores "wput" wput -q --basename="$PWD/" "$PWD/large" ftp://anonymous:x@ftp.example/incoming/

head -c 1000000 "$files/large" >large
ftp_client wget -4 -q -c ftp://ftp.example/large >/dev/null
same "wget -4 -c takes up what is there" same "$(got large "$files/large")"

same "a transfer that is broken off leaves a connection that works" "hello over ftp" "$(ftp_client python3 -c '
import ftplib, socket
every = socket.getaddrinfo
socket.getaddrinfo = lambda host, port, family=0, *rest, **more: every(host, port, socket.AF_INET, *rest, **more)
f = ftplib.FTP()
f.connect("ftp.example", 21, timeout=20); f.login()
f.voidcmd("TYPE I")
data = f.transfercmd("RETR large")
data.recv(1000)
data.close()
f.abort()
f.putcmd("NOOP")
while not f.getmultiline().startswith("200"): pass
f.retrlines("RETR hello.txt", print)')"

truncate -s 100M "$files/huge"
rm -f huge
ftp_client wget -4 -q ftp://ftp.example/huge >/dev/null
same "100 MiB" same "$(got huge "$files/huge")"
rm -f huge "$files/huge"

mkdir "$files/many" many
number=0
while [ $number -lt 1000 ]; do
    number=$((number + 1))
    echo $number >"$files/many/$number"
done
ftp_client ncftpget -R -F -u anonymous -p x ftp.example . many >/dev/null
check "1,000 small files" diff -r "$files/many" many

# The data goes from socket to socket: the relay sees the control connection alone.
if has strace; then
    rm -f large
    ftp_client strace -f -qq -e trace=read,recvfrom,recvmsg -o "$LAB_DIR/calls" wget -4 -q ftp://ftp.example/large >/dev/null
    relayed=$(awk '/v6shim-relay|EAGAIN/ { next } { print }' "$LAB_DIR/calls" | awk '$1 != first && first { n += $NF } NR == 1 { first = $1 } END { print n + 0 }')
    if [ "$relayed" -lt 100000 ]; then ok "the data passes by the relay"; else not_ok "the data passes by the relay" "$relayed bytes"; fi
fi
lab_until sh -c '! grep -qsx v6shim-relay /proc/[0-9]*/comm'
same "no relay is left" "" "$(cat /proc/[0-9]*/comm 2>/dev/null | grep v6shim-relay)"
lab_done
