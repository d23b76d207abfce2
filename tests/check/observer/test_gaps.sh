#!/bin/sh
# The gaps that v6shim check --run sees beside those of the legacy samples, each with what counts as its closing.
. "$(dirname "$0")/lib.sh"

flags=
# gap NAME WANTED ARGUMENT... < the code of main(), with `in`, s (a UDP socket)
gap() {
    {
        cat <<'C'
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
struct sockaddr_in in = {.sin_family = AF_INET};
struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
#define IN (struct sockaddr *)&in, sizeof in
#define IN6 (struct sockaddr *)&in6, sizeof in6
int s, one = 1;
int main(int argc, char **argv)
{
    s = socket(AF_INET, SOCK_DGRAM, 0);
C
        cat
        echo '    return 0; }'
    } | program program $flags
    gap_name=$1 gap_wanted=$2
    shift 2
    observe "$room/program" "$@"
    same "$gap_name" "$gap_wanted" "$(gaps_of /program)"
}

gap "a socket alone" "" <<'C'
C
same "a socket alone: verdict" ready "$(verdict_of /program)"
gap "broadcast" broadcast <<'C'
    setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
C
gap "broadcast switched off" "" <<'C'
    one = 0;
    setsockopt(s, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
C
gap "an option of IPv4" ip-option <<'C'
    setsockopt(s, IPPROTO_IP, IP_TOS, &one, sizeof one);
C
contains "an option of IPv4: its name" '"detail":"IP_TOS"' "$report"
gap "an option and its twin" "" <<'C'
    setsockopt(s, IPPROTO_IP, IP_TOS, &one, sizeof one);
    setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, IPV6_TCLASS, &one, sizeof one);
C
gap "a group" multicast <<'C'
    struct ip_mreq request = {.imr_multiaddr.s_addr = htonl(0xef010203)};
    setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
C
gap "a group, and one of IPv6" "" <<'C'
    struct ip_mreq request = {.imr_multiaddr.s_addr = htonl(0xef010203)};
    struct ipv6_mreq other = {0};
    setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, IPV6_JOIN_GROUP, &other, sizeof other);
C
gap "inet_ntop into 16 bytes" "presentation text-buffer" <<'C'
    char text[16];
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
C
gap "inet_ntop into enough" "presentation" <<'C'
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
C
gap "inet_ntop of each family" "" <<'C'
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET, &in.sin_addr, text, 16);
    inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
C
gap "getnameinfo into 16 bytes" "text-buffer" <<'C'
    char text[16];
    getnameinfo(IN, text, sizeof text, NULL, 0, NI_NUMERICHOST);
C
gap "inet_ntoa, copied into 16 bytes" "address-print text-buffer" <<'C'
    char text[16];
    strcpy(text, inet_ntoa(in.sin_addr));
    puts(text);
C
gap "inet_ntoa, copied into more" "address-print" <<'C'
    char text[17];
    strcpy(text, inet_ntoa(in.sin_addr));
    puts(text);
C
flags="-O2 -D_FORTIFY_SOURCE=2 -g0 -s" # as Debian builds
gap "inet_ntoa, copied into 16 bytes, fortified" "address-print text-buffer" <<'C'
    char text[16];
    strcpy(text, inet_ntoa(in.sin_addr));
    puts(text);
C
gap "inet_ntoa, copied into enough, fortified" "address-print" <<'C'
    char text[46];
    strcpy(text, inet_ntoa(in.sin_addr));
    strcpy(text, "another");
    puts(text);
C
gap "/proc/net, fortified" "proc-net" <<'C'
    fopen("/proc/net/tcp", "r");
    open("/proc/self/net/udp", O_RDONLY);
    open("/proc/self/net/udp6", O_RDONLY);
C
flags=
gap "/proc/net of both families" "" <<'C'
    fopen("/proc/net/tcp", "r");
    open("/proc/net/tcp6", O_RDONLY);
    fopen("/proc/net/route", "r");
    open("/proc/net/no/such", O_RDONLY);
C
gap "a question for A" "address-query" <<'C'
    unsigned char answer[512];
    _res.options |= RES_INIT;
    res_init();
    _res.nscount = 1;
    _res.retry = 1;
    _res.retrans = 1;
    _res.nsaddr_list[0] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                               .sin_port = htons(9)};
    res_query("www.example.com", 1, 1, answer, sizeof answer);
C
gap "a question for AAAA" "" <<'C'
    unsigned char answer[512];
    res_init();
    _res.nscount = 1;
    _res.retry = 1;
    _res.retrans = 1;
    _res.nsaddr_list[0] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                               .sin_port = htons(9)};
    res_query("www.example.com", 1, 28, answer, sizeof answer);
C
gap "a listener by hand" "address-constant inet-socket single-listener" "$(free_port)" <<'C'
    int t = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_port = htons(atoi(argv[1]));
    bind(t, IN);
    listen(t, 1);
C
port=$(free_port)
gap "listeners by hand, one for each family" "" "$port" <<'C'
    int t = socket(AF_INET, SOCK_STREAM, 0), t6 = socket(AF_INET6, SOCK_STREAM, 0);
    in.sin_port = in6.sin6_port = htons(atoi(argv[1]));
    setsockopt(t6, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    bind(t, IN);
    listen(t, 1);
    bind(t6, IN6);
    listen(t6, 1);
C
gap "the family was told" "family-hint" 127.0.0.1 <<'C'
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    getaddrinfo(argv[1], "9", &hints, &list);
    int t = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    connect(t, list->ai_addr, list->ai_addrlen);
C
gap "one family after the other" "" 127.0.0.1 ::1 <<'C'
    for (int i = 1; i < 3; i++) {
        struct addrinfo hints = {.ai_family = i == 1 ? AF_INET : AF_INET6, .ai_socktype = SOCK_STREAM}, *list;
        getaddrinfo(argv[i], "9", &hints, &list);
        connect(socket(list->ai_family, list->ai_socktype, 0), list->ai_addr, list->ai_addrlen);
    }
C
gap "room for one family" "address-storage" <<'C'
    socklen_t length = sizeof in;
    getsockname(s, (struct sockaddr *)&in, &length);
C
gap "room for the family of the socket" "" <<'C'
    socklen_t length = sizeof in, length6 = sizeof in6;
    getsockname(s, (struct sockaddr *)&in, &length);
    getsockname(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&in6, &length6);
C
gap "an address to send from" "" 127.0.0.1 <<'C'
    struct addrinfo *list;
    getaddrinfo(argv[1], "9", NULL, &list);
    bind(s, IN);
    sendto(s, "", 1, 0, list->ai_addr, list->ai_addrlen);
C
gap "loopback of either family" "" <<'C'
    int t = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
    inet_pton(AF_INET6, "::1", &in6.sin6_addr);
    in.sin_port = htons(9);
    connect(t, IN);
C
gap "gethostbyname2 for IPv6" "" <<'C'
    gethostbyname2("::1", AF_INET6);
C

# FTP, which has IPv4 addresses in its commands (RFC 959). The port is taken in a network of its own.
if command -v ip >/dev/null && unshare -n ip link set lo up 2>/dev/null; then
    net_v6shim=$v6shim
    in_net() { unshare -n sh -c 'ip link set lo up && exec "$0" "$@"' "$net_v6shim" "$@"; }
    v6shim=in_net
    for command in 'PORT 127,0,0,1,4,5' PASV; do
        gap "$command" "payload-address" "$command" <<'C'
    int t = socket(AF_INET6, SOCK_STREAM, 0), listener = socket(AF_INET6, SOCK_STREAM, 0);
    in6.sin6_port = htons(21);
    in6.sin6_addr = in6addr_loopback;
    bind(listener, IN6);
    listen(listener, 1);
    connect(t, IN6);
    dprintf(t, "USER anonymous\r\n");
    char line[64];
    int length = sprintf(line, "%s\r\n", argv[1]);
    write(t, line, length);
C
    done
    gap "PORT through a stream" "payload-address" <<'C'
    int t = socket(AF_INET6, SOCK_STREAM, 0), listener = socket(AF_INET6, SOCK_STREAM, 0);
    in6.sin6_port = htons(21);
    in6.sin6_addr = in6addr_loopback;
    bind(listener, IN6);
    listen(listener, 1);
    connect(t, IN6);
    FILE *stream = fdopen(t, "r+");
    fprintf(stream, "PORT %d,%d,%d,%d,%d,%d", 127, 0, 0, 1, 4, 5);
    fprintf(stream, "\r\n");
    fflush(stream);
    fflush(NULL);
C
    gap "PORT where EPRT is not known to the server" "" <<'C'
    int t = socket(AF_INET6, SOCK_STREAM, 0), listener = socket(AF_INET6, SOCK_STREAM, 0);
    in6.sin6_port = htons(21);
    in6.sin6_addr = in6addr_loopback;
    bind(listener, IN6);
    listen(listener, 1);
    connect(t, IN6);
    send(t, "EPRT |1|127.0.0.1|1029|\r\n", 25, 0);
    send(t, "PORT 127,0,0,1,4,5\r\n", 20, 0);
C
    gap "PORT to another port" "" <<'C'
    int t = socket(AF_INET6, SOCK_STREAM, 0), listener = socket(AF_INET6, SOCK_STREAM, 0);
    in6.sin6_port = htons(2121);
    in6.sin6_addr = in6addr_loopback;
    bind(listener, IN6);
    listen(listener, 1);
    connect(t, IN6);
    send(t, "PORT 127,0,0,1,4,5\r\n", 20, 0);
C
    v6shim=$net_v6shim
fi

# A name with two addresses. Both are of this host; the port of one is closed, that of the other has nothing to say.
if grep -q . /etc/hosts && [ -w /etc/hosts ] && command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
    {
        cat /etc/hosts
        echo '127.0.0.21 two.example'
        echo '127.0.0.22 two.example'
    } >"$room/hosts"
    cat >"$room/two" <<'S'
mount --bind "$1" /etc/hosts || exit 1
shift
exec "$@"
S
    # two NAME WANTED < code: as gap, where two.example is known
    real_v6shim=$v6shim
    two_v6shim() { unshare -m sh "$room/two" "$room/hosts" "$real_v6shim" "$@"; }
    v6shim=two_v6shim
    gap "the first address alone" "first-address inet-socket name-lookup" <<'C'
    struct hostent *h = gethostbyname("two.example");
    int t = socket(AF_INET, SOCK_STREAM, 0);
    memcpy(&in.sin_addr, h->h_addr_list[0], 4);
    in.sin_port = htons(9);
    if (connect(t, IN) != 0)
        return 1;
C
    contains "the first address alone: words" "two.example has 2 addresses; 127.0.0.21 failed, and no other was tried" "$report"
    gap "the first address alone, without waiting" "first-address inet-socket name-lookup" <<'C'
    struct hostent *h = gethostbyname("two.example");
    int error, t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socklen_t length = sizeof error;
    memcpy(&in.sin_addr, h->h_addr_list[0], 4);
    in.sin_port = htons(9);
    if (connect(t, IN) != 0 && errno == EINPROGRESS) {
        struct pollfd p = {.fd = t, .events = POLLOUT};
        poll(&p, 1, 1000);
        getsockopt(t, SOL_SOCKET, SO_ERROR, &error, &length);
    }
C
    gap "one after the other" "inet-socket name-lookup" <<'C'
    struct hostent *h = gethostbyname("two.example");
    for (char **list = h->h_addr_list; *list; list++) {
        int t = socket(AF_INET, SOCK_STREAM, 0);
        memcpy(&in.sin_addr, *list, 4);
        in.sin_port = htons(9);
        connect(t, IN);
    }
C
    gap "getaddrinfo, and only the first" "first-address" <<'C'
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    getaddrinfo("two.example", "9", &hints, &list);
    connect(socket(list->ai_family, list->ai_socktype, 0), list->ai_addr, list->ai_addrlen);
C
    v6shim=$real_v6shim
fi
finish
