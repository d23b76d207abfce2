#!/bin/sh
# IPv4-only programs on an IPv6-only network: literals and A-only names through NAT64, with and without DNS64.
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/nat64.sh"
lab_need_library
nat64_topology

probe="perl $LAB_SOURCE/probe.pl"
ours() { lab_preload client timeout 10 "$@" </dev/null 2>&1; }
bare() { lab_on client timeout 10 "$@" </dev/null 2>&1; }

# speak PROTOCOL HOST PORT: an old program's client, with what it sees of the ends.
speak() {
    ours perl -MIO::Socket::INET -e '
        my ($protocol, $host, $port) = @ARGV;
        my $socket = IO::Socket::INET->new(Proto => $protocol, PeerAddr => $host, PeerPort => $port, Timeout => 5)
            or die "failed: $@\n";
        syswrite $socket, "question\n";
        sysread $socket, my $answer, 200;
        print "peer ", $socket->peerhost, " said $answer"' "$@"
}

# literals_and_names PREFIX [ADDRESS NAME]
literals_and_names() {
    lab_address=${2-198.51.100.80} lab_name=${3-v4only}
    contains "$1: a literal, TCP" "hello via inet $lab_address" "$(ours nc.traditional -w 5 $lab_address 7001)"
    contains "$1: a name, TCP" "hello via inet $lab_address" "$(ours nc.traditional -w 5 $lab_name.lab.example 7001)"
    contains "$1: TCP, the peer is shown as the IPv4 address" "peer $lab_address said question via inet $lab_address" \
        "$(speak tcp $lab_address 7002)"
    contains "$1: a name, TCP, the peer is shown as the IPv4 address" "peer $lab_address said question via inet" \
        "$(speak tcp $lab_name.lab.example 7002)"
    contains "$1: UDP" "peer $lab_address said question via inet $lab_address" "$(speak udp $lab_address 7002)"
    contains "$1: a name, UDP" "peer $lab_address said question via inet $lab_address" "$(speak udp $lab_name.lab.example 7002)"
    contains "$1: unconnected UDP" "answer from $lab_address: question via inet $lab_address" "$(unconnected $lab_address)"
}

unconnected() {
    ours perl -MSocket=:all -e '
        socket my $socket, AF_INET, SOCK_DGRAM | (@ARGV > 1 ? SOCK_NONBLOCK : 0), 0;
        send $socket, "question\n", 0, pack_sockaddr_in(7002, inet_aton($ARGV[0])) or die "failed: $!\n";
        vec(my $readable = "", fileno $socket, 1) = 1;
        select $readable, undef, undef, 5;
        my $from = recv $socket, my $answer, 200, 0;
        my ($port, $address) = unpack_sockaddr_in($from);
        print "answer from ", inet_ntoa($address), ": $answer"' "$@"
}

# ---- The network's own prefix, of each length, as its DNS64 tells it and as the user does

fresh() { rm -rf "$LAB_DIR/state/client" && mkdir "$LAB_DIR/state/client"; }
# asynchronous COMMAND...: a program that doesn't wait, on a network that no program has seen before.
asynchronous() { fresh && ours "$@"; }

# from_the_start PREFIX: the very first call of a program that doesn't wait reaches its literal.
from_the_start() {
    contains "$1: the first literal of a program that doesn't wait" "peer 198.51.100.80 7001" \
        "$(asynchronous $probe non-blocking 198.51.100.80 7001)"
    contains "$1: without a route to it, it is on its way at once" "connect: EINPROGRESS" \
        "$(asynchronous $probe non-blocking 198.51.100.80 7001 | grep -v blocked)"
    contains "$1: the same of asyncio" "hello via inet 198.51.100.80" "$(asynchronous python3 -c 'import asyncio, socket
async def main():
    loop = asyncio.get_running_loop(); plain = socket.socket(); plain.setblocking(False)
    await loop.sock_connect(plain, ("198.51.100.80", 7001)); print(await loop.sock_recv(plain, 200))
asyncio.run(main())')"
    contains "$1: its first datagram" "answer from 198.51.100.80" "$(fresh; unconnected 198.51.100.80 non-blocking)"
    contains "$1: its first connected datagram" "198.51.100.80" "$(asynchronous python3 -c 'import socket, select
plain = socket.socket(type=socket.SOCK_DGRAM); plain.setblocking(False); plain.connect(("198.51.100.80", 7002))
plain.send(b"question\n"); select.select([plain], [], [], 5); print(plain.recv(200), plain.getpeername())')"
}

for prefix in 3fff:64::/32 3fff:64:100::/40 3fff:64:122::/48 3fff:64:122:300::/56 3fff:64:122:344::/64 3fff:64:122:344::/96; do
    nat64_translate $prefix
    nat64_resolve $prefix
    contains "$prefix: bare, a literal has no route" "unreachable" "$(bare nc.traditional -w 5 198.51.100.80 7001)"
    literals_and_names $prefix
    same "$prefix: the prefix was asked for once" 1 "$(nat64_questions)"
    case $prefix in */40 | */96) from_the_start $prefix ;; esac
    nat64_resolve
    given() { ours env V6SHIM_NAT64=$prefix "$@"; }
    contains "$prefix, given: a literal" "hello via inet 198.51.100.80" "$(given nc.traditional -w 5 198.51.100.80 7001)"
    contains "$prefix, given: a name" "hello via inet 198.51.100.80" "$(given nc.traditional -w 5 v4only.lab.example 7001)"
    contains "$prefix, given: a program that doesn't wait" "peer 198.51.100.80 7001" \
        "$(given $probe non-blocking 198.51.100.80 7001)"
    contains "$prefix, given: UDP" "question via inet 198.51.100.80" \
        "$(given sh -c 'echo question | nc.traditional -u -w 1 -q 1 198.51.100.80 7002')"
    same "$prefix, given: nobody asked for one" 0 "$(nat64_questions)"
done
nat64_translate 64:ff9b::/96
nat64_resolve 64:ff9b::/96
literals_and_names 64:ff9b::/96 77.0.113.80 global
contains "64:ff9b::/96: carries no address that isn't global" unreachable "$(ours nc.traditional -w 5 198.51.100.80 7001)"

# ---- What programs are told

prefix=2001:db8:64::/96
nat64_translate $prefix
nat64_resolve $prefix
for way in duplicate:"('ready', '0')" blocking:"('198.51.100.80', 7001)"; do
    contains "a connection on its way: ${way%%:*}" "EINPROGRESS ${way#*:}" \
        "$(asynchronous python3 "$LAB_SOURCE/await.py" 198.51.100.80 7001 ${way%%:*})"
done
nat64_slow_resolver
same "a connection that waits for a slow resolver behaves as any" "poll EINPROGRESS ('ready', '0', '0')
select_for_reading EINPROGRESS ('ready', '0')
epoll EINPROGRESS ('ready', '0')
writing EINPROGRESS 1
peer_name EINPROGRESS ('198.51.100.80', 7001)
close EINPROGRESS True" "$(for way in poll select_for_reading epoll writing peer_name close; do
    asynchronous python3 "$LAB_SOURCE/await.py" 198.51.100.80 7001 $way; done)"
contains "a datagram doesn't wait that long" "Network is unreachable" "$(fresh; unconnected 198.51.100.80 non-blocking)"
contains "one that may, does" "answer from 198.51.100.80" "$(fresh; unconnected 198.51.100.80)"
contains "with connect order there is no thread, and the prefix is awaited briefly" "poll ENETUNREACH" \
    "$(asynchronous env V6SHIM_CONNECT=order python3 "$LAB_SOURCE/await.py" 198.51.100.80 7001 poll)"
nat64_usual_resolver
contains "which is enough for a quick resolver" "poll EINPROGRESS ('ready', '0', '0')" \
    "$(asynchronous env V6SHIM_CONNECT=order V6SHIM_RESOLUTION_DELAY=2000 python3 "$LAB_SOURCE/await.py" 198.51.100.80 7001 poll)"
fresh
contains "a name that a DNS64 made up has its IPv4 address" "v4only.lab.example [] 198.51.100.80" \
    "$(ours $probe resolve v4only.lab.example)"
same "and to getaddrinfo with AI_ADDRCONFIG" "198.51.100.80" \
    "$(ours getent ahostsv4 v4only.lab.example | awk '$2 == "STREAM" { print $1 }')"
same "and an address typed as a number" "198.51.100.80" \
    "$(ours getent ahostsv4 198.51.100.80 | awk '$2 == "STREAM" { print $1 }')"
same "a private one too, as the prefix is the network's own" "10.1.2.3" \
    "$(ours getent ahostsv4 10.1.2.3 | awk '$2 == "STREAM" { print $1 }')"
same "but not one that NAT64 doesn't carry" "" "$(ours getent ahostsv4 169.254.1.2)"
same "which libc alone doesn't find here" "" "$(bare getent ahostsv4 v4only.lab.example)"
contains "a non-blocking program reaches a name" "peer 198.51.100.80" "$(ours $probe non-blocking v4only.lab.example 7001)"
contains "and a literal" "peer 198.51.100.80" "$(ours $probe non-blocking 198.51.100.80 7001)"
contains "the local address is an alias" "local 240." "$(ours $probe connect 198.51.100.80 7001)"
same "bind to it works" "bound, hello via inet 198.51.100.80" "$(ours perl -MSocket=:all -e '
    socket my $first, AF_INET, SOCK_STREAM, 0; connect $first, pack_sockaddr_in(7001, inet_aton("198.51.100.80")) or die;
    my ($port, $local) = unpack_sockaddr_in(getsockname $first);
    socket my $second, AF_INET, SOCK_STREAM, 0;
    bind $second, pack_sockaddr_in(0, $local) or die "bind: $!"; print "bound, ";
    connect $second, pack_sockaddr_in(7001, inet_aton("198.51.100.80")) or die "connect: $!";
    print <$second>' | sed 's/ from .*//')"
contains "a program that speaks IPv6 itself, on its AF_INET socket" "hello via inet 198.51.100.80" "$(ours perl -MSocket=:all -e '
    socket my $own, AF_INET6, SOCK_STREAM, 0; socket my $socket, AF_INET, SOCK_STREAM, 0;
    connect $socket, pack_sockaddr_in(7001, inet_aton("198.51.100.80")) or die "connect: $!"; print <$socket>')"
for address in 127.0.0.9 10.1.2.3 169.254.3.4 224.0.0.9 255.255.255.255; do
    same "$address is as bare" "$(bare $probe connect $address 7001)" "$(ours $probe connect $address 7001)"
done
command=$LAB_BUILD/v6shim
nat64() { lab_on client env V6SHIM_STATE_DIR="$LAB_DIR/state/client" "$@" "$command" nat64 2>&1; }
same "v6shim nat64 --json: it counts for as long as the record, less ten seconds" 1 "$(lab_on client env \
    V6SHIM_STATE_DIR="$LAB_DIR/state/client" "$command" nat64 --refresh --json | perl -MJSON::PP -MTime::Piece -0777 -ne '
        my $left = Time::Piece->strptime(decode_json($_)->{until}, "%Y-%m-%dT%H:%M:%SZ")->epoch - time;
        print $left > 0 && $left <= 31 ? 1 : "left: $left"')"
contains "v6shim nat64: the prefix and its origin" "2001:db8:64::/96  from the network's resolver, as an earlier program" "$(nat64 env)"

# ---- Debian's IPv4-only programs (programs.md), by literal and by name

client_httperf() { ours httperf --server "$1" --port 80 --num-conns 1 --timeout 5; }
client_gawk() { ours gawk 'BEGIN { s = "/inet4/tcp/0/" ARGV[1] "/7001"; s |& getline l; print l }' "$1"; }
client_gawk_udp() { ours gawk 'BEGIN { s = "/inet4/udp/0/" ARGV[1] "/7002"; print "question" |& s; s |& getline l; print l }' "$1"; }
client_socat() { ours socat -t2 - "TCP4:$1:7001"; }
# awaiting COMMAND...: a client that wants to hear more than the server says. It is ended once it has been there.
awaiting() { ours sh -c 'echo $$ >"$0" && exec "$@"' "$LAB_DIR/awaiting" "$@"; }
client_rlpq() { awaiting rlpq -H "$1" -P lp; }
client_ncftpls() { awaiting ncftpls -r 1 -t 10 "ftp://$1/"; }
client_vncsnapshot() { awaiting vncsnapshot "$1:1" "$LAB_DIR/picture.jpg"; }
client_netwrite() { ours netwrite -i /dev/null "$1" 7001; }
client_mailcheck() {
    echo "pop3://user:secret@$1/" >"$LAB_DIR/mailcheckrc"
    ours mailcheck -f "$LAB_DIR/mailcheckrc"
}
client_redir() { # a relay: server and client in one
    ours redir -n :7070 "$1:7001" &
    lab_until lab_on client perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:7070")' &&
        bare nc.traditional 127.0.0.1 7070
    wait $!
}
client_socat_udp() { echo question | lab_preload client timeout 5 socat -t1 - "UDP4:$1:7002"; }
client_tftp_udp() { ours tftp -4 "$1" -c get something "$LAB_DIR/fetched"; } # its answer comes from another port
client_netwrite_udp() { echo question | lab_preload client timeout 5 netwrite udp "$1" 7002 2>/dev/null; }
for entry in httperf:http gawk:hello gawk_udp:udp-echo socat:hello rlpq:lpd ncftpls:ftp vncsnapshot:vnc netwrite:hello \
    mailcheck:pop3 redir:hello socat_udp:udp-echo tftp_udp:udp-tftp netwrite_udp:udp-echo; do
    program=${entry%:*} service=${entry#*:}
    command -v "${program%_udp}" >/dev/null || { skip "$program through NAT64" "not installed"; continue; }
    for host in 198.51.100.80 v4only.lab.example; do
        lab_before=$(wc -l <"$LAB_DIR/log/services")
        rm -f "$LAB_DIR/awaiting"
        "client_$program" $host >/dev/null &
        visited() { tail -n +$((lab_before + 1)) "$LAB_DIR/log/services" | grep -q "^$service inet 198.51.100.80 192.168.255"; }
        check "$program reaches $host" lab_within 20 visited
        [ ! -e "$LAB_DIR/awaiting" ] || kill "$(cat "$LAB_DIR/awaiting")" 2>/dev/null
        wait $!
    done
done
contains "and tftp had an answer" "via inet 198.51.100.80 from" "$(cat "$LAB_DIR/fetched" 2>&1)"

# ---- Peers that come in are never taken for the IPv4 address inside (promise 2)

speak udp 198.51.100.80 7002 >/dev/null
lab_start client listener env V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$LAB_PRELOAD" perl -MSocket=:all -e '
    $| = 1; socket my $socket, AF_INET, SOCK_DGRAM, 0; bind $socket, pack_sockaddr_in(7100, INADDR_ANY) or die;
    print "ready\n"; my ($port, $from) = unpack_sockaddr_in(recv $socket, my $text, 200, 0); print inet_ntoa($from), "\n"'
lab_until grep -q ready "$LAB_DIR/log/listener"
lab_on gate perl -MSocket=:all -e 'use constant IPV6_FREEBIND => 78;
    socket my $socket, AF_INET6, SOCK_DGRAM, 0; setsockopt $socket, IPPROTO_IPV6, IPV6_FREEBIND, 1;
    bind $socket, pack_sockaddr_in6(7100, inet_pton(AF_INET6, "2001:db8:64::c633:6451")) or die "bind: $!\n";
    send $socket, "unasked", 0, pack_sockaddr_in6(7100, inet_pton(AF_INET6, "2001:db8:6::2"))'
lab_until grep -q 240 "$LAB_DIR/log/listener"
contains "a datagram that nobody asked for is from an alias" 240. "$(cat "$LAB_DIR/log/listener")"

# ---- A DNS64 that makes up addresses for all names

nat64_resolve $prefix all
contains "dns64-synthall: a name with AAAA records has its IPv4 address" "both.lab.example [] 198.51.100.80" \
    "$(ours $probe resolve both.lab.example)"
for way in connect non-blocking; do
    contains "and is reached: $way" "hello via inet 198.51.100.80" "$(ours $probe $way both.lab.example 7001)"
done

# ---- Without DNS64: a prefix that the user names; and none

nat64_resolve
contains "no DNS64, a prefix from the configuration: a literal" "hello via inet 198.51.100.80" \
    "$(ours env V6SHIM_NAT64=$prefix nc.traditional -w 5 198.51.100.80 7001)"
contains "and a name" "hello via inet 198.51.100.80" \
    "$(ours env V6SHIM_NAT64=$prefix nc.traditional -w 5 v4only.lab.example 7001)"
same "nobody asked for a prefix" 0 "$(nat64_questions)"
same "no NAT64: as bare" "$(bare $probe connect 198.51.100.80 7001)" "$(ours $probe connect 198.51.100.80 7001)"
same "that there is none was asked" 1 "$(nat64_questions)"
ours $probe connect v4only.lab.example 7001 >/dev/null
same "and not again" 1 "$(nat64_questions)"
nat64_slow_resolver
await="python3 $LAB_SOURCE/await.py 198.51.100.80 7001"
awaited() { asynchronous $await "$1" | tr -d '\n'; }
same "no NAT64, a program that doesn't wait is told: by poll" \
    "poll EINPROGRESS ('ready', 'ENETUNREACH', '0')" "$(awaited poll)"
same "by select for reading" "select_for_reading EINPROGRESS ('ready', 'ENETUNREACH')" "$(awaited select_for_reading)"
same "by epoll" "epoll EINPROGRESS ('ready', 'ENETUNREACH')" "$(awaited epoll)"
same "by another connect" "second_connect EINPROGRESS (True, 'ENETUNREACH')" "$(awaited second_connect)"
same "but not when it is dissolved first" "dissolving EINPROGRESS (0, '0')" "$(awaited dissolving)"
same "by getpeername" "peer_name EINPROGRESS ENOTCONN" "$(awaited peer_name)"
same "by writing, which kills nobody" "writing EINPROGRESS failed" "$(awaited writing)"
same "on a duplicate" "duplicate EINPROGRESS ('ready', 'ENETUNREACH')" "$(awaited duplicate)"
same "when it waits after all" "blocking EINPROGRESS ENOTCONN" "$(awaited blocking)"
same "in a child" "child EINPROGRESS ('child failed', ('ready', 'ENETUNREACH', '0'))" "$(awaited child)"
same "one that gives up has its number back" "close EINPROGRESS True" "$(awaited close)"
same "the next one is told at once" "poll EINPROGRESS ('ready', 'ENETUNREACH', '0')poll ENETUNREACH " \
    "$(asynchronous $await poll poll | tr -d '\n')"
nat64_usual_resolver
contains "v6shim nat64: none" "none: the network's resolver knows no NAT64" "$(nat64 env)"
contains "nat64 off: as bare" ENETUNREACH "$(ours env V6SHIM_NAT64=off $probe connect 198.51.100.80 7001)"

# ---- A NAT64 that is dead, and a second one that works

contains "what the server says is told" "failed 198.51.100.80: ECONNREFUSED" \
    "$(ours env V6SHIM_NAT64=$prefix $probe connect 198.51.100.80 9)"
lab_on gate ip -6 route add prohibit 2001:db8:dead::/96
contains "a dead NAT64: its error is told" "failed 198.51.100.80: EACCES" \
    "$(ours env V6SHIM_NAT64=2001:db8:dead::/96 $probe connect 198.51.100.80 7001)"
lab_on gate ip -6 route change unreachable 2001:db8:dead::/96
lab_on gate ip -6 route add blackhole 2001:db8:dead:1::/96
contains "of two prefixes, one silent, the other one wins" "peer 198.51.100.80" \
    "$(ours env V6SHIM_NAT64=2001:db8:dead:1::/96,$prefix timeout 20 $probe connect 198.51.100.80 7001)"
fresh
contains "the same of a program that doesn't wait" "peer 198.51.100.80" \
    "$(ours env V6SHIM_NAT64=2001:db8:dead:1::/96,$prefix timeout 20 $probe non-blocking 198.51.100.80 7001)"
contains "of two prefixes the one that works wins" "peer 198.51.100.80" \
    "$(ours env V6SHIM_NAT64=2001:db8:dead::/96,$prefix $probe connect 198.51.100.80 7001)"

# ---- A resolver that says nothing, and a state file that is damaged

nat64_resolve $prefix
printf 'garbage' >"$LAB_DIR/state/client/prefixes"
contains "a damaged state file: as without one" "hello via inet 198.51.100.80" "$(ours nc.traditional -w 5 198.51.100.80 7001)"
rm -f "$LAB_DIR/state/client/prefixes"
printf 'nameserver 2001:db8:6:53::1\n' >"$LAB_DIR/host/client/etc/resolv.conf"
lab_on client ip -6 route add 2001:db8:6:53::1 via 2001:db8:6::1
lab_on gate ip -6 route add blackhole 2001:db8:6:53::1
lab_started=$(date +%s)
ours perl -MSocket=:all -e 'for (1 .. 3) {
    socket my $socket, AF_INET, SOCK_STREAM, 0; connect $socket, pack_sockaddr_in(7001, inet_aton("198.51.100.80")) }'
lab_took=$(($(date +%s) - lab_started))
check "a silent resolver: three connects wait two seconds together, not each" test $lab_took -lt 6
same "and one that doesn't wait, on its way, two seconds once" \
    "poll EINPROGRESS ('ready', 'ENETUNREACH', '0')poll ENETUNREACH " "$(asynchronous $await poll poll | tr -d '\n')"
nat64_usual_resolver

# ---- A host that moves to another network, with another prefix, while a program runs

lab_preload client timeout 40 python3 -c 'import os, socket, sys, time
def connect():
    plain = socket.socket(); plain.settimeout(5); plain.connect(("198.51.100.80", 7001)); print(plain.getpeername()[0], flush=True)
connect(); open(sys.argv[1] + "/reached", "w").close()
while not os.path.exists(sys.argv[1] + "/moved"): time.sleep(0.1)
time.sleep(3); connect()' "$LAB_DIR" >"$LAB_DIR/log/moving" &
moving=$!
lab_until test -e "$LAB_DIR/reached"
lab_on gate ip address add 2001:db8:7::1/64 dev client nodad
lab_on client sh -c 'ip address del 2001:db8:6::2/64 dev gate; ip address add 2001:db8:7::2/64 dev gate nodad
    ip -6 route replace default via 2001:db8:7::1'
nat64_translate 3fff:64::/64
nat64_resolve 3fff:64::/64
touch "$LAB_DIR/moved"
wait $moving
same "a program whose host moves learns the new prefix" "198.51.100.80
198.51.100.80" "$(cat "$LAB_DIR/log/moving")"
lab_on client sh -c 'ip address del 2001:db8:7::2/64 dev gate; ip address add 2001:db8:6::2/64 dev gate nodad
    ip -6 route replace default via 2001:db8:6::1'
nat64_translate $prefix

# ---- A host with IPv4 pays nothing

nat64_resolve $prefix
lab_on client sh -c 'ip address add 192.0.2.2/24 dev gate; ip route add default via 192.0.2.1'
lab_on gate ip address add 192.0.2.1/24 dev client
if command -v strace >/dev/null; then
    count() { grep -cE '^[0-9 ]*(socket|connect|getsockname|getpeername|sendto)\(' "$1"; }
    probe_with() { lab_on client env "$@" strace -f -o "$LAB_DIR/trace" $probe connect 198.51.100.80 7001 >/dev/null 2>&1; }
    probe_with
    lab_calls=$(count "$LAB_DIR/trace")
    probe_with V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$LAB_PRELOAD"
    same "with IPv4, not one system call more on sockets" "$lab_calls" "$(count "$LAB_DIR/trace")"
else
    skip "with IPv4, not one system call more on sockets" "strace is not installed"
fi
contains "with IPv4, a literal goes there" "via inet 198.51.100.80 from 192.0.2.2" "$(ours nc.traditional -w 5 198.51.100.80 7001)"
contains "with IPv4, what the DNS64 made up is the IPv4 address" "via inet 198.51.100.80" \
    "$(ours nc.traditional -w 5 v4only.lab.example 7001)"
same "and nobody asked for a prefix" 0 "$(nat64_questions)"

# ---- A route for IPv4 that leads nowhere: the ways through NAT64 join the race (RFC 8305 section 7)

given() { ours env V6SHIM_NAT64=$prefix timeout 20 "$@"; }
contains "a prefix that is given, and IPv4 works: IPv4" "via inet 198.51.100.80 from 192.0.2.2" \
    "$(given $probe connect 198.51.100.80 7001)"
contains "the same of a program that doesn't wait" "via inet 198.51.100.80 from 192.0.2.2" \
    "$(given $probe non-blocking 198.51.100.80 7001)"
lab_on gate ip rule add blackhole iif client to 198.51.100.0/24
lab_started=$(date +%s%N)
contains "IPv4 is silent: a literal" "peer 198.51.100.80 7001" "$(given $probe connect 198.51.100.80 7001)"
check "after the delay between two attempts" test $((($(date +%s%N) - lab_started) / 1000000)) -ge 250
fresh
contains "a program that doesn't wait" "peer 198.51.100.80 7001" "$(given $probe non-blocking 198.51.100.80 7001)"
if command -v strace >/dev/null; then
    first_attempt() { # of the blocking program that asks for the literal
        probe_with V6SHIM_ATTEMPT_DELAY=2000 V6SHIM_NAT64=$prefix V6SHIM_STATE_DIR="$LAB_DIR/state/client" LD_PRELOAD="$LAB_PRELOAD"
        sed -n '/connect(.*htons(7001)/s/.*sa_family=\(AF_INET6*\).*/\1/p' "$LAB_DIR/trace" | head -n 1
    }
    same "the next program goes there first" AF_INET6 "$(first_attempt)"
    fresh
    same "and one that knows nothing of the last one does not" AF_INET "$(first_attempt)"
else
    skip "the next program goes there first" "strace is not installed"
fi
fresh
contains "a name" "peer 198.51.100.80 7001" "$(given $probe connect v4only.lab.example 7001)"
fresh
contains "a name, and no prefix is known: as the DNS64 made it" "via inet 198.51.100.80" \
    "$(ours timeout 20 $probe connect v4only.lab.example 7001)"
lab_on client ip route add prohibit 198.51.100.81
contains "what this host prohibits is not walked round" "failed 198.51.100.81: EACCES" \
    "$(given $probe connect 198.51.100.81 7001)"

# ---- A name whose IPv6 address is dead, where IPv4 has no route: its last resort (RFC 8305 section 7.2)

lab_on client ip address del 192.0.2.2/24 dev gate
lab_on gate ip -6 route add blackhole 2001:db8:bad::/48
for way in connect non-blocking; do
    fresh
    contains "an IPv6 address that is silent: $way" "peer 198.51.100.80 7001" "$(ours timeout 20 $probe $way broken.lab.example 7001)"
done
lab_done
