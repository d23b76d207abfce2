#!/bin/sh
# Debian's own servers, unmodified, reached over IPv6 and over IPv4: what they serve, and whom they see.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
. "$LAB_SOURCE/servers.sh"
lab_need_library
command -v python3 >/dev/null || lab_skip_all "python3 is not installed"
lab_topology

# ---- One connection, and whom it is from

if have nc.traditional; then
    for address in $server6 $server4; do
        serve nc 2001 nc.traditional -v -n -l -p 2001
        ask $address 2001 'hello\n' >/dev/null
        lab_until grep -q hello "$LAB_DIR/log/nc"
        case $address in *:*) peer=$client6 ;; *) peer=$client4 ;; esac
        contains "nc.traditional -l: $address, peer" "$peer" "$(decode <"$LAB_DIR/log/nc")"
        lacks "nc.traditional -l: $address, no IPv6 text before decode" "2001:" "$(cat "$LAB_DIR/log/nc")"
        stop
    done
else
    skip "nc.traditional -l" "not installed"
fi

# ---- One process for each family on one port, whichever is first; and where another program has the IPv6 side

samples=$LAB_BUILD/legacy-samples
if [ -x "$samples/family-server" ]; then
    family() { # NAME SETTING: the sample on port 2003
        lab_start server "$1" env V6SHIM_STATE_DIR="$state" V6SHIM_LISTEN="$2" LD_PRELOAD="$LAB_PRELOAD" \
            "$samples/family-server" 2003
        lab_until grep -q ^listening "$LAB_DIR/log/$1" || not_ok "$1 listens" "$(cat "$LAB_DIR/log/$1")"
    }
    for order in "inet6 inet" "inet inet6"; do
        family first "${order% *}"
        first=$lab_pid
        family second "${order#* }"
        for address in $server6 $server4; do
            same "listen $order: answers on $address" "     1  line" "$(ask $address 2003 'line\n')"
        done
        case $order in inet6*) log6=first log4=second ;; *) log6=second log4=first ;; esac
        contains "listen $order: inet6 saw" "$client6 connected" "$(decode <"$LAB_DIR/log/$log6")"
        contains "listen $order: inet saw" "$client4 connected" "$(cat "$LAB_DIR/log/$log4")"
        same "listen $order: each saw one" 2 "$(cat "$LAB_DIR/log/first" "$LAB_DIR/log/second" | grep -c connected)"
        stop
        kill "$first"
        wait "$first" 2>/dev/null
    done
    lab_start server native "$samples/family-server-ported" -6 2003
    native=$lab_pid
    lab_until grep -q ^listening "$LAB_DIR/log/native"
    family old mapped
    ask $server4 2003 'line\n' >/dev/null
    ask $server6 2003 'line\n' >/dev/null
    contains "[::] is taken: IPv4 goes on" "$client4 connected" "$(cat "$LAB_DIR/log/old")"
    contains "[::] is taken: IPv6 is the other's" "$client6 connected" "$(cat "$LAB_DIR/log/native")"
    stop
    kill "$native"
    wait "$native" 2>/dev/null
else
    skip "one process for each family" "the samples have not been built"
fi

# ---- Super-servers: a service that prints its peer, on tcp4 and tcp6, stream and dgram

cat >"$LAB_DIR/peer.pl" <<'END'
use Socket;
my $name = getpeername(STDIN) or print("no peer\n"), exit;
my $family = sockaddr_family($name);
print "family ", $family == AF_INET ? "inet" : $family, " ",
    $family == AF_INET ? inet_ntoa((sockaddr_in($name))[1]) : "-", "\n";
END
cat >"$LAB_DIR/datagram.py" <<'END'
import socket
s = socket.socket(fileno=0)
data, peer = s.recvfrom(1000)
s.sendto(data + b" " + peer[0].encode() + b" %d" % s.family, peer)
END

super() { # NAME: asks each service of the super-server that runs
    same "$1, tcp6, over IPv6" "family inet $client6" "$(ask $server6 2006 | decode)"
    same "$1, tcp4, over IPv4" "family inet $client4" "$(ask $server4 2004 | decode)"
    same "$1, udp6 wait, over IPv6" "word $client6 2" "$(ask_datagram $server6 2007 word | decode)"
    same "$1, udp4 wait, over IPv4" "word $client4 2" "$(ask_datagram $server4 2005 word | decode)"
}

# Perl and Python can read addresses of both families, but these services ask for none of that: shape ipv4.
if have inetd; then
    cat >"$LAB_DIR/inetd.conf" <<END
2006 stream tcp6 nowait root $(command -v perl) perl $LAB_DIR/peer.pl
2004 stream tcp4 nowait root $(command -v perl) perl $LAB_DIR/peer.pl
2007 dgram udp6 wait root $(command -v python3) python3 $LAB_DIR/datagram.py
2005 dgram udp4 wait root $(command -v python3) python3 $LAB_DIR/datagram.py
END
    export V6SHIM_SHAPE=ipv4
    serve inetd 2006 inetd -d "$LAB_DIR/inetd.conf"
    unset V6SHIM_SHAPE
    super "inetd"
    stop
else
    skip "openbsd-inetd" "not installed"
fi
if have xinetd && other_users; then
    {
        while read -r port type protocol wait flags command script; do
            cat <<END
service s$port
{
    type = UNLISTED
    port = $port
    socket_type = $type
    protocol = $protocol
    wait = $wait
    flags = $flags
    user = root
    server = $(command -v $command)
    server_args = $LAB_DIR/$script
    env = V6SHIM_SHAPE=ipv4 V6SHIM_STATE_DIR=$state
}
END
        done <<END
2006 stream tcp no IPv6 perl peer.pl
2004 stream tcp no IPv4 perl peer.pl
2007 dgram udp yes IPv6 python3 datagram.py
2005 dgram udp yes IPv4 python3 datagram.py
END
    } >"$LAB_DIR/xinetd.conf"
    serve xinetd 2006 xinetd -dontfork -f "$LAB_DIR/xinetd.conf"
    super "xinetd"
    stop
else
    skip "xinetd" "not installed, or it has no other users to become"
fi

# ---- Access lists, both directions, over both families

# allowed DESCRIPTION EXPECTED ADDRESS PORT: whether the service speaks to us at all
allowed() {
    case $(ask "$3" "$4" '') in *welcome*) same "$1" "$2" yes ;; *) same "$1" "$2" no ;; esac
}
# tcpd is given its socket: its libwrap reads IPv6 addresses, so rules by IPv6 prefix hold.
rules() { # DENY ALLOW
    rm -f "$LAB_DIR/host/server/etc/hosts.deny" "$LAB_DIR/host/server/etc/hosts.allow"
    echo "$1" >"$LAB_DIR/host/server/etc/hosts.deny"
    echo "$2" >"$LAB_DIR/host/server/etc/hosts.allow"
}
if have tcpd && have inetd; then
    printf '#!/bin/sh\necho welcome\n' >"$LAB_DIR/welcome"
    chmod 755 "$LAB_DIR/welcome"
    cat >"$LAB_DIR/inetd.conf" <<END
2008 stream tcp6 nowait root $(command -v tcpd) $LAB_DIR/welcome
2009 stream tcp4 nowait root $(command -v tcpd) $LAB_DIR/welcome
END
    serve tcpd 2008 inetd -d "$LAB_DIR/inetd.conf"
    rules "" ""
    allowed "tcpd, no rules: IPv6" yes $server6 2008
    allowed "tcpd, no rules: IPv4" yes $server4 2009
    rules "welcome: [2001:db8:1::]/64" ""
    allowed "tcpd denies an IPv6 network" no $server6 2008
    allowed "tcpd denies an IPv6 network: not IPv4" yes $server4 2009
    rules "ALL: ALL" "welcome: [2001:db8:1::]/64"
    allowed "tcpd allows an IPv6 network" yes $server6 2008
    allowed "tcpd allows an IPv6 network: not IPv4" no $server4 2009
    rules "ALL: ALL" "welcome: 192.0.2."
    allowed "tcpd allows an IPv4 network: not IPv6" no $server6 2008
    allowed "tcpd allows an IPv4 network" yes $server4 2009
    rules "" ""
    stop
else
    skip "tcpd" "tcpd or openbsd-inetd is not installed"
fi
# A daemon with a list of its own, of IPv4 ranges.
if have socat; then
    V6SHIM_ALIAS_MAP='2001:db8:1::/64 = 10.6.0.0/16'
    export V6SHIM_ALIAS_MAP
    for range in 10.6.0.0/16 192.0.2.0/26 10.7.0.0/16; do
        serve socat 2010 socat TCP4-LISTEN:2010,fork,reuseaddr,range=$range "SYSTEM:echo welcome"
        allowed "socat range=$range: IPv6" "$([ $range = 10.6.0.0/16 ] && echo yes || echo no)" $server6 2010
        allowed "socat range=$range: IPv4" "$([ $range = 192.0.2.0/26 ] && echo yes || echo no)" $server4 2010
        stop
    done
    unset V6SHIM_ALIAS_MAP
else
    skip "socat range=" "not installed"
fi

# ---- Ones that speak both and must not notice

dual() { # NAME PORT REQUEST ANSWER
    contains "$1: over IPv6" "$4" "$(ask $server6 "$2" "$3")"
    contains "$1: over IPv4" "$4" "$(ask $server4 "$2" "$3")"
}
if have nginx && other_users; then
    cat >"$LAB_DIR/nginx.conf" <<END
daemon off; master_process off; pid $LAB_DIR/nginx.pid; error_log stderr;
events { }
http { access_log off; server { listen 2080; listen [::]:2080; location / { return 200 "from \$remote_addr"; } } }
END
    serve nginx 2080 nginx -c "$LAB_DIR/nginx.conf"
    dual "nginx" 2080 'GET / HTTP/1.0\r\n\r\n' "from "
    contains "nginx: native peer" "from $client6" "$(ask $server6 2080 'GET / HTTP/1.0\r\n\r\n')"
    stop
else
    skip nginx "not installed, or it has no other users to become"
fi
if have redis-server; then
    serve redis 2079 redis-server --port 2079 --bind '*' '-::*' --protected-mode no --save '' --dir "$LAB_DIR"
    dual "redis" 2079 'PING\r\n' "+PONG"
    stop
else
    skip redis "not installed"
fi
if have memcached; then
    serve memcached 2011 memcached -u root -p 2011 -U 0
    dual "memcached" 2011 'version\r\nquit\r\n' "VERSION"
    stop
else
    skip memcached "not installed"
fi

# ---- A TCP server in Python, and connections whose source is forged

cat >"$LAB_DIR/tcp.py" <<'END'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.bind(("0.0.0.0", 2098))
s.listen(50)
while True:
    c, peer = s.accept()
    print(c.recv(100).decode(), peer[0], c.getpeername()[0], flush=True)
    c.close()
END
export V6SHIM_AWARE=no
serve tcp 2098 python3 "$LAB_DIR/tcp.py"
# Those of a NAT64 prefix can be completed by whoever is on the way; the others ask for a connection, once each.
for source in 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::808:808; do
    lab_on router ip -6 address add $source/128 dev lo
done
lab_on router python3 - $server6 2098 <<'END'
import ipaddress, socket, struct, sys
there, port = sys.argv[1], int(sys.argv[2])
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for source in ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:198.51.100.2"):
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(there).packed
    head = struct.pack("!HHIIBBHHH", 999, port, 1, 0, 5 << 4, 2, 65535, 0, 0)  # SYN
    total = sum(struct.unpack("!30H", a + b + struct.pack("!II", 20, 6) + head))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    head = head[:16] + struct.pack("!HH", ~total & 0xffff, 0)
    raw.sendto(struct.pack("!IHBB", 6 << 28, 20, 6, 64) + a + b + head, (there, 0))
for source in ("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::808:808"):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.settimeout(5)
    s.bind((source, 0))
    s.connect((there, port))
    s.sendall(b"forged")
    s.recv(1)
END
same "TCP: no connection from an IPv4-mapped source begins" "" \
    "$(lab_on server ss -tnH state syn-recv state established 'sport = 2098')"
ask $server4 2098 last4 >/dev/null
ask $server6 2098 last6 >/dev/null
seen=$(cat "$LAB_DIR/log/tcp")
contains "TCP: an IPv4 peer as it is" "last4 $client4 $client4" "$seen"
contains "TCP: an IPv6 peer by its alias" "last6 $client6 $client6" "$(printf '%s\n' "$seen" | decode)"
same "TCP: a source inside a NAT64 prefix is an alias" 3 \
    "$(printf '%s\n' "$seen" | grep -cE '^forged (240(\.[0-9]+){3}) \1$')"
same "TCP: nobody else was shown" 5 "$(printf '%s\n' "$seen" | grep -c .)"
stop

# ---- A UDP server in Python, forged packets from the router, and a scan

cat >"$LAB_DIR/udp.py" <<'END'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 2099))
while True:
    data, peer = s.recvfrom(1000)
    print(data.decode(), peer[0], flush=True)
END
serve udp 2099 python3 "$LAB_DIR/udp.py"
udp_pid=$lab_pid
lab_on router python3 - $server6 2099 20000 <<'END'
import ipaddress, socket, struct, sys
there, port, scan = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
def send(source, data):
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(there).packed
    head = struct.pack("!HHHH", 999, port, 8 + len(data), 0)
    words = a + b + struct.pack("!II", 8 + len(data), 17) + head + data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(words) // 2), words))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    head = struct.pack("!HHHH", 999, port, 8 + len(data), ~total & 0xffff or 0xffff)
    raw.sendto(struct.pack("!IHBB", 6 << 28, 8 + len(data), 17, 64) + a + b + head + data, (there, 0))
for source in ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808"):
    send(source, b"forged")
for number in range(scan):
    send(str(ipaddress.ip_address("2001:db8:7::") + number), b"scan")
END
ask_datagram $server4 2099 last4 >/dev/null
ask_datagram $server6 2099 last6 >/dev/null
seen=$(cat "$LAB_DIR/log/udp")
contains "UDP: an IPv4 peer as it is" "last4 $client4" "$seen"
contains "UDP: an IPv6 peer by its alias" "last6 $client6" "$(printf '%s\n' "$seen" | grep last6 | decode)"
same "UDP: no forged source is shown as the IPv4 address in it" "" \
    "$(printf '%s\n' "$seen" | sed -n 's/^forged //p' | grep -v '^240\.')"
same "UDP: a source inside a NAT64 prefix is an alias" 2 "$(printf '%s\n' "$seen" | grep -c '^forged 240\.')"
same "a scan shows aliases alone" 0 "$(printf '%s\n' "$seen" | grep '^scan' | grep -vc '^scan 240\.')"
memory=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$udp_pid/status")
if [ "${SANITIZERS-}" ]; then
    skip "a scan costs little memory" "not under a sanitizer"
else
    check "a scan costs little memory ($memory kB)" test "$memory" -lt 65536
fi
stop
lab_done
