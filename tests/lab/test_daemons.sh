#!/bin/sh
# More of Debian's own servers, unmodified: services of super-servers, and daemons that poll, fork, fork beforehand, have
# threads, give up root or lock themselves in. Each is asked over IPv6 and over IPv4, says the same, and shows whom it saw.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/servers.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
lab_topology

other_users || lab_skip_all "there are no other users here"

# both NAME PORT6 PORT4 REQUEST: asks over both families; what it said is in $said6 and $said4.
both() {
    said6=$(ask $server6 "$2" "$4") said4=$(ask $server4 "$3" "$4")
    check "$1: answers over IPv4 ($(printf '%.40s' "$said4" | head -n 1))" test "$said4"
    same "$1: says the same over IPv6" "$(alike "$said4")" "$(alike "$said6")"
}
# Without dates, and addresses made alike.
alike() {
    printf '%s\n' "$1" | decode | sed -E -e '/^(Date|Last-Modified):/d' \
        -e "s/$client6|$client4/PEER/g; s/$server6|$server4/SERVER/g"
}
# shown NAME: the server's log has the two peers, IPv6 as an alias.
has_both() { grep -q "$client4" "$LAB_DIR/log/$1" && decode <"$LAB_DIR/log/$1" | grep -q "$client6"; }
shown() {
    lab_until has_both "$1" # each worker writes its lines when it likes
    contains "$1: shows an IPv4 peer" "$client4" "$(cat "$LAB_DIR/log/$1")"
    lacks "$1: shows no IPv6 text" "$client6" "$(cat "$LAB_DIR/log/$1")"
    contains "$1: shows an IPv6 peer by its alias" "$client6" "$(decode <"$LAB_DIR/log/$1")"
}
# The table has both, so that a process that can read it and not write it shows aliases that can be decoded.
lab_on server env V6SHIM_STATE_DIR="$state" "$LAB_BUILD/v6shim" alias --add $client6 $server6 >"$LAB_DIR/alias"

# ---- Services of super-servers, some of which run as nobody

# Those that become nobody, and what super-servers start as nobody, have aliases of nobody's below root's, which root
# decodes without being told.
chmod 711 "$LAB_DIR/state"
nobody=$state/users/65534

root=$LAB_DIR/www
mkdir -p "$root"
printf 'hello from a file\n' >"$root/hello.txt"
printf 'ihello\tfake\t(NULL)\t0\r\n' >"$root/gophermap"
chmod -R a+rX "$root"
# NAME COMMAND ARGUMENTS: one line for each service, on the next two ports.
services() {
    cat <<END
micro-httpd micro-httpd $root
in.fingerd in.fingerd -L /bin/echo
gophernicus gophernicus -nf -r $root -h server.example -l $LAB_DIR/log/gophernicus
nullidentd nullidentd
END
}
each_service() { # COMMAND: called with NAME PORT6 PORT4 PROGRAM ARGUMENTS
    each_port=2100
    services >"$LAB_DIR/services"
    while read -r each_name each_command each_arguments; do
        each_port=$((each_port + 2))
        have "$each_command" || continue
        "$1" "$each_name" $each_port $((each_port + 1)) "$(command -v "$each_command")" "$each_arguments" </dev/null
    done <"$LAB_DIR/services"
}
# Some refuse to run as root.
user_of() { case $1 in in.fingerd | micro-httpd) echo root ;; *) echo nobody ;; esac; }
inetd_lines() {
    echo "$2 stream tcp6 nowait $(user_of "$1") $4 $1 $5"
    echo "$3 stream tcp4 nowait $(user_of "$1") $4 $1 $5"
}
xinetd_entries() {
    for family in 6 4; do
        [ $family = 6 ] && port=$2 || port=$3
        printf 'service s%s\n{\n type = UNLISTED\n port = %s\n socket_type = stream\n protocol = tcp\n wait = no\n' \
            "$port" "$port"
        printf ' flags = IPv%s\n user = %s\n server = %s\n env = V6SHIM_STATE_DIR=%s\n' \
            $family "$(user_of "$1")" "$4" "$state"
        [ -z "$5" ] || printf ' server_args = %s\n' "$5"
        echo '}'
    done
}
request() {
    case $1 in
    micro-httpd) both "$2, $1" "$3" "$4" 'GET /hello.txt HTTP/1.0\r\n\r\n' ;;
    in.fingerd) both "$2, $1" "$3" "$4" 'root\r\n' ;;
    gophernicus) both "$2, $1" "$3" "$4" '/hello.txt\r\n' ;;
    nullidentd) both "$2, $1" "$3" "$4" '1000,2000\r\n' ;;
    esac
}
ask_service() { request "$1" "$super" "$2" "$3"; }
for missing in micro-httpd in.fingerd gophernicus nullidentd; do
    have $missing || skip "$missing" "not installed"
done
super=inetd
if have inetd; then
    each_service inetd_lines >"$LAB_DIR/inetd.conf"
    : >"$LAB_DIR/log/gophernicus"
    chmod 666 "$LAB_DIR/log/gophernicus"
    serve inetd 2102 inetd -d "$LAB_DIR/inetd.conf"
    each_service ask_service
    have gophernicus && shown gophernicus
    stop
else
    skip "openbsd-inetd" "not installed"
fi
super=xinetd
if have xinetd; then
    each_service xinetd_entries >"$LAB_DIR/xinetd.conf"
    : >"$LAB_DIR/log/gophernicus"
    chmod 666 "$LAB_DIR/log/gophernicus"
    serve xinetd 2102 xinetd -dontfork -f "$LAB_DIR/xinetd.conf"
    each_service ask_service
    have gophernicus && shown gophernicus
    stop
else
    skip "xinetd" "not installed"
fi

# A service that is started as nobody has its aliases there, and not root's.
! have inetd || ! have gophernicus || check "services of nobody have a table of their own" test -s "$nobody/aliases"

# ---- Socket activation: connections on descriptor 0, and a listening socket on descriptor 3

samples=$LAB_BUILD/legacy-samples
cat >"$LAB_DIR/activated.py" <<'END'
import socket, sys
listener = socket.socket(fileno=3)
print("listening", listener.getsockname(), flush=True)
for turn in range(2):
    connection, peer = listener.accept()
    print("peer", peer[0], connection.getpeername()[0], flush=True)
    connection.sendall(b"welcome\n")
    connection.close()
END
if have systemd-socket-activate && [ -x "$samples/inetd-server" ]; then
    : >"$LAB_DIR/log/finger-peers"
    lab_start server activate systemd-socket-activate -l '[::]:2130' --inetd --accept \
        --setenv=LD_PRELOAD="$LAB_PRELOAD" --setenv=V6SHIM_STATE_DIR="$state" --setenv=ASAN_OPTIONS="$ASAN_OPTIONS" \
        "$samples/inetd-server" -l "$LAB_DIR/log/finger-peers"
    lab_until listens 2130
    both "systemd, each connection" 2130 2130 'root\r\n'
    shown finger-peers
    stop
    # Python can read addresses of both families, but this service doesn't ask for that.
    lab_start server activated systemd-socket-activate -l '[::]:2131' --setenv=V6SHIM_SHAPE=ipv4 \
        --setenv=LD_PRELOAD="$LAB_PRELOAD" --setenv=V6SHIM_STATE_DIR="$state" --setenv=ASAN_OPTIONS="$ASAN_OPTIONS" \
        python3 "$LAB_DIR/activated.py"
    lab_until listens 2131
    both "systemd, the listening socket" 2131 2131
    shown activated
    stop
else
    skip "systemd-socket-activate" "not installed"
fi

# ---- epoll, workers that were forked beforehand, an unprivileged user

http='GET /hello.txt HTTP/1.0\r\n\r\n'
if have lighttpd; then
    modules=$(dirname "$(dirname "$(command -v lighttpd)")")/lib/lighttpd
    for workers in 0 3; do
        : >"$LAB_DIR/log/lighttpd-$workers"
        chmod 666 "$LAB_DIR/log/lighttpd-$workers"
        cat >"$LAB_DIR/lighttpd.conf" <<END
server.document-root = "$root"
server.port = 2120
server.event-handler = "linux-sysepoll"
server.max-worker = $workers
server.username = "nobody"
server.groupname = "nogroup"
server.modules = ("mod_accesslog")
accesslog.filename = "$LAB_DIR/log/lighttpd-$workers"
accesslog.format = "%h %s %f"
mimetype.assign = (".txt" => "text/plain")
END
        serve lighttpd 2120 lighttpd -D -m "$modules" -f "$LAB_DIR/lighttpd.conf"
        both "lighttpd, $workers workers" 2120 2120 "$http"
        stop # it writes its log at the end
        shown "lighttpd-$workers"
        lacks "lighttpd, $workers workers: has its aliases" "aliases are private" "$(cat "$LAB_DIR/log/lighttpd")"
    done
    # Where nothing can be handed over, its aliases are its own: nobody else's, and not to be decoded. It says so once,
    # whichever of its workers has a peer first.
    mv "$state/users" "$LAB_DIR/state/kept"
    : >"$state/users"
    : >"$LAB_DIR/log/lighttpd-3"
    serve lighttpd 2120 lighttpd -D -m "$modules" -f "$LAB_DIR/lighttpd.conf"
    both "lighttpd, without a table" 2120 2120 "$http"
    stop # its workers may end, and write, after it
    shows_own() { grep -q '^240\.12[4-7]\.[0-9.]* 200 ' "$LAB_DIR/log/lighttpd-3"; }
    lab_until shows_own
    check "lighttpd, without a table: shows an alias of its own" shows_own
    same "lighttpd, without a table: says so once" 1 "$(grep -c "aliases are private to this process: $state: " "$LAB_DIR/log/lighttpd")"
    mv -f "$LAB_DIR/state/kept" "$state/users.kept" && rm "$state/users" && mv "$state/users.kept" "$state/users"
else
    skip "lighttpd" "not installed"
fi

# ---- A process for each client, under another user

if have tcpserver; then
    serve tcpserver 2121 tcpserver -v -R -H -l server -u 65534 -g 65534 0 2121 \
        sh -c 'read line; id -u; echo "$line $TCPREMOTEIP to $TCPLOCALIP"'
    both "tcpserver, user nobody" 2121 2121 'hello\n'
    contains "tcpserver: has given up root" "65534" "$said6"
    shown tcpserver
    stop
else
    skip "tcpserver" "not installed"
fi
# judge MAP: tries rules of libwrap on vsftpd, with that alias-map. Each is allow or deny, which clients, and whether one
# over IPv6 and one over IPv4 gets in.
judge() {
    [ -z "$1" ] || export V6SHIM_ALIAS_MAP="$1"
    serve vsftpd 2123 vsftpd "$LAB_DIR/vsftpd.conf"
    while read -r judge_kind judge_clients judge_6 judge_4; do
        case $judge_kind in allow) deny="ALL: ALL" ;; *) deny="vsftpd: $judge_clients" ;; esac
        case $judge_kind in allow) allow="vsftpd: $judge_clients" ;; *) allow= ;; esac
        echo "$deny" >"$LAB_DIR/host/server/etc/hosts.deny"
        echo "$allow" >"$LAB_DIR/host/server/etc/hosts.allow"
        for address in $server6 $server4; do
            case $address in *:*) wanted=$judge_6 ;; *) wanted=$judge_4 ;; esac
            case $(ask $address 2123 'QUIT\r\n') in 220*) welcome=yes ;; *) welcome=no ;; esac
            same "vsftpd${1:+, mapped}: $judge_kind $judge_clients, to $address" "$wanted" "$welcome"
        done
    done
    stop
    unset V6SHIM_ALIAS_MAP
}

# ---- Locked in: chroot, processes that pass descriptors

if [ "${SANITIZERS-}" ]; then
    skip "vsftpd" "it limits its memory, of which a sanitizer needs much"
elif have vsftpd; then
    mkdir -p "$LAB_DIR/empty" "$LAB_DIR/ftp"
    printf 'hello by ftp\n' >"$LAB_DIR/ftp/hello.txt"
    cat >"$LAB_DIR/vsftpd.conf" <<END
listen=YES
listen_port=2123
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root=$LAB_DIR/ftp
ftp_username=bin
nopriv_user=nobody
secure_chroot_dir=$LAB_DIR/empty
xferlog_enable=YES
dual_log_enable=NO
vsftpd_log_file=$LAB_DIR/log/vsftpd-peers
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ftpd_banner=welcome
END
    : >"$LAB_DIR/log/vsftpd-peers"
    serve vsftpd 2123 vsftpd "$LAB_DIR/vsftpd.conf"
    both "vsftpd, locked in" 2123 2123 'USER anonymous\r\nPWD\r\nSIZE hello.txt\r\nQUIT\r\n'
    contains "vsftpd: the session goes on behind its lock" "213 13" "$said6"
    shown vsftpd-peers
    stop
    # libwrap inside a daemon knows its peers by their names, which have to lead back to them, and by ranges of alias-map.
    echo tcp_wrappers=YES >>"$LAB_DIR/vsftpd.conf"
    printf '%s client.example\n' $client4 $client6 >>"$LAB_DIR/host/server/etc/hosts"
    rm -f "$LAB_DIR/host/server/etc/hosts.deny" "$LAB_DIR/host/server/etc/hosts.allow"
    judge "" <<END
allow client.example yes yes
allow .example yes yes
allow 240.64.0.0/255.192.0.0 yes no
allow 192.0.2. no yes
deny client.example no no
deny PARANOID yes yes
END
    judge '2001:db8:1::/64 = 10.6.0.0/16' <<END
allow 10.6. yes no
allow client.example yes yes
deny 10.6. no yes
END
else
    skip "vsftpd" "not installed"
fi

# ---- A conversation of a second: client and server that know only IPv4

if have tbench_srv && have tbench; then
    serve tbench_srv 7003 tbench_srv
    for address in $server6 $server4; do
        lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$LAB_PRELOAD" \
            timeout 20 tbench -t 1 -c "$(dirname "$(command -v tbench)")/../share/dbench/client.txt" 1 $address \
            >"$LAB_DIR/log/tbench" 2>&1
        contains "tbench and tbench_srv over $address" "Throughput" "$(cat "$LAB_DIR/log/tbench")"
    done
    stop
else
    skip "tbench_srv" "not installed"
fi

# ---- Datagrams: a name server with libevent, that locks itself in and gives up root

if have dnsproxy; then
    cat >"$LAB_DIR/dnsproxy.conf" <<END
authoritative $LAB_DNS4
recursive $LAB_DNS4
listen 0.0.0.0
port 2128
chroot $LAB_DIR/empty
user nobody
internal 0.0.0.0/0
END
    mkdir -p "$LAB_DIR/empty"
    serve dnsproxy 2128 dnsproxy -c "$LAB_DIR/dnsproxy.conf"
    for address in $server6 $server4; do
        same "dnsproxy over $address" "198.51.100.80" "$(lab_on client timeout 10 python3 -c '
import socket, struct, sys
name = b"".join(bytes([len(p)]) + p for p in b"v4only.lab.example".split(b".")) + b"\0"
info = socket.getaddrinfo(sys.argv[1], 2128, type=socket.SOCK_DGRAM)[0]
s = socket.socket(info[0], socket.SOCK_DGRAM); s.settimeout(5)
s.sendto(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1), info[4])
print(socket.inet_ntoa(s.recv(500)[-4:]))' $address 2>&1)"
    done
    stop
else
    skip "dnsproxy" "not installed"
fi
lab_done
