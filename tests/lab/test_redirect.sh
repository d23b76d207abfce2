#!/bin/sh
# Addresses that are burnt in to programs, sent to a name or an IPv6 address (setting redirect).
. "$(dirname "$0")/lib.sh"
. "$LAB_SOURCE/topology.sh"
lab_need_library
lab_topology
lab_services

burnt_in=203.0.113.7
probe="perl $LAB_SOURCE/probe.pl"
redirected() {
    lab_redirect=$1
    shift
    lab_preload client env V6SHIM_REDIRECT="$lab_redirect" timeout 10 "$@" </dev/null 2>&1
}

# to_target DESCRIPTION TARGET
to_target() {
    lab_got=$(redirected "$burnt_in = $2" $probe connect $burnt_in 7001)
    contains "$1: TCP goes there" "via inet6 2001:db8:2::80" "$lab_got"
    contains "$1: the program sees the address that it asked for" "peer $burnt_in 7001" "$lab_got"
    contains "$1: a program that doesn't wait" "peer $burnt_in" "$(redirected "$burnt_in = $2" $probe non-blocking $burnt_in 7001)"
    same "$1: connected UDP" "$burnt_in question via inet6 2001:db8:2::80" \
        "$(redirected "$burnt_in = $2" perl -MIO::Socket::INET -e '
            my $socket = IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0], PeerPort => 7002) or die "$@\n";
            $socket->send("question\n"); $socket->recv(my $answer, 200);
            print $socket->peerhost, " $answer"' $burnt_in | sed 's/ from .*//')"
    same "$1: unconnected UDP" "$burnt_in question via inet6 2001:db8:2::80" \
        "$(redirected "$burnt_in = $2" perl -MSocket=:all -e '
            socket my $socket, AF_INET, SOCK_DGRAM, 0;
            send $socket, "question\n", 0, pack_sockaddr_in(7002, inet_aton($ARGV[0])) or die "$!\n";
            my ($port, $from) = unpack_sockaddr_in(recv $socket, my $answer, 200, 0);
            print inet_ntoa($from), " $answer"' $burnt_in | sed 's/ from .*//')"
}

to_target "to an address" 2001:db8:2::80
to_target "to a name" v6only.lab.example

# ---- A name, and a program that doesn't wait (await.py), by a resolver that takes a quarter of a second

lab_on server ip address add 198.51.100.55/24 dev router
lab_start server slow perl "$LAB_SOURCE/dns_filter.pl" 198.51.100.55 $LAB_DNS4 delay=AAAA:250
lab_until grep -q ready "$LAB_DIR/log/slow" || lab_bail "the slow name server did not start"
lab_resolver client 198.51.100.55
await="python3 $LAB_SOURCE/await.py $burnt_in 7001"
same "a connection is on its way while the name is looked up: poll, epoll, what it is shown" \
    "poll EINPROGRESS ('ready', '0', '0')
epoll EINPROGRESS ('ready', '0')
peer_name EINPROGRESS ('$burnt_in', 7001)" "$(for way in poll epoll peer_name; do
    redirected "$burnt_in = v6only.lab.example" $await $way; done)"
same "and fails where that has no address" "poll EINPROGRESS ('ready', 'ENETUNREACH', '0')" \
    "$(redirected "$burnt_in = nowhere.lab.example" $await poll | grep -v 'no IPv6 address')"
lab_before=$(grep -c 'query type 28' "$LAB_DIR/log/slow")
same "thirty of them are on their way together" 30 "$(redirected "$burnt_in = v6only.lab.example" python3 -c 'import asyncio, socket
async def one(loop):
    plain = socket.socket(); plain.setblocking(False)
    await loop.sock_connect(plain, ("'$burnt_in'", 7001)); return plain.getpeername()[0]
async def all():
    loop = asyncio.get_running_loop(); print(len(await asyncio.gather(*(one(loop) for _ in range(30)))))
asyncio.run(all())')"
same "and ask once" 1 $(($(grep -c 'query type 28' "$LAB_DIR/log/slow") - lab_before))
lab_resolver client $LAB_DNS4

got=$(redirected "$burnt_in = nowhere.lab.example" $probe connect $burnt_in 7001)
contains "to a name that doesn't exist: an error, not the old address" "failed $burnt_in: ENETUNREACH" "$got"
contains "and the name is told" "no IPv6 address to redirect to: nowhere.lab.example" "$got"
contains "nobody listens there" "failed $burnt_in: ECONNREFUSED" \
    "$(redirected "$burnt_in = 2001:db8:2::99" $probe connect $burnt_in 7001)"
contains "other addresses stay as they are" "via inet 198.51.100.80" \
    "$(redirected "$burnt_in = 2001:db8:2::80" $probe connect 198.51.100.80 7001)"
contains "two of them" "via inet6 2001:db8:2::81" \
    "$(redirected "$burnt_in = 2001:db8:2::80, 203.0.113.8 = 2001:db8:2::81" $probe connect 203.0.113.8 7001)"
contains "a bad one is told" 'found "/48"' "$(redirected "$burnt_in = 2001:db8::/48" $probe connect 198.51.100.80 7001 |
    sed 's/.*found "2001:db8::/found "/')"
lab_done
