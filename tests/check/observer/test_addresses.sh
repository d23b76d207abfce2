#!/bin/sh
# Where v6shim check --run says that the addresses came from which reach connect(), sendto() and bind(): one program for
# each kind, which does what the origin needs and then uses the address. Nothing leaves the machine.
. "$(dirname "$0")/lib.sh"

# case NAME CALL WANTED < the code of main(), with `in` (a sockaddr_in), `in6`, s (a UDP socket), t (a TCP one)
origin() {
    {
        cat <<'C'
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
struct sockaddr_in in = {.sin_family = AF_INET};
struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
#define IN (struct sockaddr *)&in, sizeof in
#define IN6 (struct sockaddr *)&in6, sizeof in6
int s, t;
/* A UDP socket at 127.0.0.1 to talk to. */
static struct sockaddr_in server(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    *fd = socket(AF_INET, SOCK_DGRAM, 0);
    bind(*fd, (struct sockaddr *)&at, sizeof at);
    getsockname(*fd, (struct sockaddr *)&at, &length);
    return at;
}
int main(int argc, char **argv)
{
    s = socket(AF_INET, SOCK_DGRAM, 0);
    t = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_port = in6.sin6_port = htons(9);
C
        cat
        echo '    return 0; }'
    } | program program
    origin_name=$1 origin_call=$2 origin_wanted=$3
    shift 3
    observe "$room/program" "$@"
    same "$origin_name" "$origin_wanted" "$(origins_of /program $origin_call)"
}

# --- a resolver
origin "gethostbyname" connect "127.0.0.1 resolver gethostbyname localhost" localhost <<'C'
    struct hostent *h = gethostbyname(argv[1]);
    memcpy(&in.sin_addr, h->h_addr_list[0], 4);
    connect(t, IN);
C
contains "the place of a call" '"function":"main"' "$(printf '%s' "$report" | tr -d ' ')"
contains "its file" 'program.c' "$report"
origin "gethostbyname_r" sendto "127.0.0.1 resolver gethostbyname_r localhost" localhost <<'C'
    struct hostent h, *r; char b[8192]; int e;
    gethostbyname_r(argv[1], &h, b, sizeof b, &r, &e);
    memcpy(&in.sin_addr, r->h_addr_list[0], 4);
    sendto(s, "", 1, 0, IN);
C
origin "getaddrinfo for IPv4" connect "127.0.0.1 resolver getaddrinfo localhost" localhost <<'C'
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    getaddrinfo(argv[1], "9", &hints, &list);
    connect(t, list->ai_addr, list->ai_addrlen);
C
same "getaddrinfo for IPv4: the gap" "family-hint" "$(gaps_of /program)"

# --- text
origin "inet_addr" connect "127.0.0.2 text inet_addr 127.0.0.2" 127.0.0.2 <<'C'
    in.sin_addr.s_addr = inet_addr(argv[1]);
    connect(t, IN);
C
origin "inet_aton" sendmsg "127.0.0.3 text inet_aton 127.3" 127.3 <<'C'
    struct iovec part = {"x", 1};
    struct msghdr m = {.msg_name = &in, .msg_namelen = sizeof in, .msg_iov = &part, .msg_iovlen = 1};
    inet_aton(argv[1], &in.sin_addr);
    sendmsg(s, &m, 0);
C
origin "inet_network" connect "127.0.0.4 text inet_network 127.0.0.4" 127.0.0.4 <<'C'
    in.sin_addr.s_addr = htonl(inet_network(argv[1]));
    connect(t, IN);
C
origin "inet_pton" bind "127.0.0.5 text inet_pton 127.0.0.5, ::1 text inet_pton ::1" 127.0.0.5 ::1 <<'C'
    inet_pton(AF_INET, argv[1], &in.sin_addr);
    inet_pton(AF_INET6, argv[2], &in6.sin6_addr);
    bind(s, IN);
    bind(socket(AF_INET6, SOCK_DGRAM, 0), IN6);
C
same "inet_pton for both: no gap" "" "$(gaps_of /program)"
origin "a number that getaddrinfo reads" connect "127.0.0.6 text getaddrinfo 127.0.0.6" 127.0.0.6 <<'C'
    struct addrinfo *list;
    getaddrinfo(argv[1], "9", NULL, &list);
    connect(t, list->ai_addr, list->ai_addrlen);
C
origin "a number that gethostbyname reads" connect "127.0.0.7 text gethostbyname 127.0.0.7" 127.0.0.7 <<'C'
    memcpy(&in.sin_addr, gethostbyname(argv[1])->h_addr_list[0], 4);
    connect(t, IN);
C
origin "inet_makeaddr" connect "127.0.0.8 made inet_makeaddr -" <<'C'
    in.sin_addr = inet_makeaddr(127, 8);
    connect(t, IN);
C

# --- a peer
origin "recvfrom" sendto "127.0.0.1 local getsockname -, 127.0.0.1 local getsockname -" <<'C'
    int fd;
    socklen_t length = sizeof in;
    char byte;
    struct sockaddr_in at = server(&fd);
    sendto(s, "", 1, 0, (struct sockaddr *)&at, sizeof at);
    recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&in, &length);
    sendto(fd, "", 1, 0, IN);
C
origin "recvfrom of a stranger" sendto "127.0.0.9 peer recvfrom -" <<'C'
    int fd;
    socklen_t length = sizeof in;
    char byte;
    struct sockaddr_in at = server(&fd);
    in.sin_port = 0;
    if (fork() == 0) { /* what a child knows is not its parent's */
        inet_aton("127.0.0.9", &in.sin_addr);
        bind(s, IN);
        connect(s, (struct sockaddr *)&at, sizeof at);
        send(s, "", 1, 0);
        return 0;
    }
    recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&in, &length);
    sendto(fd, "", 1, 0, IN);
C
origin "accept, getpeername" connect "127.0.0.1 peer accept -" <<'C'
    int one, fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof in;
    struct sockaddr_in at = {.sin_family = AF_INET}, any;
    listen(fd, 1);
    getsockname(fd, (struct sockaddr *)&at, &length);
    if (fork() == 0) {
        inet_aton("127.0.0.1", &at.sin_addr);
        syscall(SYS_connect, t, &at, sizeof at); /* unseen */
        sleep(1);
        return 0;
    }
    one = accept(fd, (struct sockaddr *)&in, &length);
    in.sin_port = htons(9);
    connect(t, IN);
C

# --- an interface
origin "SIOCGIFADDR" bind "127.0.0.1 interface SIOCGIFADDR -" <<'C'
    struct ifreq request = {.ifr_name = "lo"};
    ioctl(s, SIOCGIFADDR, &request);
    memcpy(&in.sin_addr, &((struct sockaddr_in *)&request.ifr_addr)->sin_addr, 4);
    bind(s, IN);
C
contains "SIOCGIFADDR: the gap" "interface-ioctl" "$(gaps_of /program)"
origin "SIOCGIFCONF" bind "127.0.0.1 interface SIOCGIFCONF -" <<'C'
    struct ifreq requests[16];
    struct ifconf list = {.ifc_len = sizeof requests, .ifc_req = requests};
    ioctl(s, SIOCGIFCONF, &list);
    memcpy(&in.sin_addr, &((struct sockaddr_in *)&requests[0].ifr_addr)->sin_addr, 4);
    bind(s, IN);
C
origin "getifaddrs" bind "127.0.0.1 interface getifaddrs -" <<'C'
    struct ifaddrs *list, *at;
    getifaddrs(&list);
    for (at = list; at; at = at->ifa_next)
        if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && strcmp(at->ifa_name, "lo") == 0)
            in = *(struct sockaddr_in *)at->ifa_addr;
    bind(s, IN);
C
same "getifaddrs: no gap" "" "$(gaps_of /program)"

# --- constants
origin "INADDR_ANY" bind "0.0.0.0 any - -" <<'C'
    bind(s, IN);
C
origin "in6addr_any" bind ":: any - -" <<'C'
    bind(socket(AF_INET6, SOCK_DGRAM, 0), IN6);
C
same "in6addr_any: no gap" "" "$(gaps_of /program)"
origin "INADDR_LOOPBACK" connect "127.0.0.1 loopback - -" <<'C'
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(t, IN);
C
contains "INADDR_LOOPBACK: in words" "INADDR_LOOPBACK" "$(details_of /program)"
origin "another loopback address" connect "127.0.0.9 loopback - -" <<'C'
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 8);
    connect(t, IN);
C
contains "another loopback address: in words" "a loopback address, from no call" "$(details_of /program)"
origin "INADDR_BROADCAST" sendto "255.255.255.255 broadcast - -" <<'C'
    in.sin_addr.s_addr = INADDR_BROADCAST;
    sendto(s, "", 1, 0, IN);
C
contains "INADDR_BROADCAST: the gap" "broadcast" "$(gaps_of /program)"
origin "a group" sendto "239.1.2.3 multicast - -" <<'C'
    in.sin_addr.s_addr = htonl(0xef010203);
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
contains "a group: the gap" "multicast" "$(gaps_of /program)"

# --- hard-coded (RFC 4085)
origin "a number in the code" connect "192.0.2.17 hard-coded - -" <<'C'
    in.sin_addr.s_addr = htonl(0xc0000211);
    fcntl(t, 4, 2048);
    connect(t, IN);
C
contains "a number in the code: the gap" "hard-coded-address" "$(gaps_of /program)"
contains "a number in the code: where" "it stands in the file at 0x" "$report"
origin "a number in the data" sendto "192.0.2.18 hard-coded - -" <<'C'
    static const unsigned char bytes[] = {192, 0, 2, 18};
    memcpy(&in.sin_addr, bytes, 4);
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
contains "a number in the data: the gap" "hard-coded-address" "$(gaps_of /program)"
origin "an IPv6 address in the data" sendto "2001:db8::17 hard-coded - -" <<'C'
    static const struct in6_addr address = {{{0x20, 1, 0xd, 0xb8, [15] = 0x17}}};
    in6.sin6_addr = address;
    sendto(socket(AF_INET6, SOCK_DGRAM, 0), "", 1, MSG_DONTWAIT, IN6);
C
same "an IPv6 address in the data: the gap" "hard-coded-address" "$(gaps_of /program)"
origin "a text in the code" sendto "192.0.2.19 hard-coded inet_addr 192.0.2.19" <<'C'
    in.sin_addr.s_addr = inet_addr("192.0.2.19");
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
contains "a text in the code: the gap" "hard-coded-address" "$(gaps_of /program)"
origin "the same text as an argument" sendto "192.0.2.19 text inet_addr 192.0.2.19" 192.0.2.19 <<'C'
    in.sin_addr.s_addr = inet_addr(argv[1]);
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
same "the same text as an argument: no such gap" "no" \
    "$(case $(gaps_of /program) in *hard-coded*) echo hard-coded ;; *) echo no ;; esac)"
origin "a number that was read" sendto "192.0.2.20 hard-coded - -" <<'C'
    unsigned number = time(0) * 0 + 7 * 2;
    in.sin_addr.s_addr = htonl((192u << 24) + (getpid() > 0 ? 512 + number + 6 : 0));
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
contains "a number that was read" "or read from a file or a peer" "$report"

# --- more addresses than are remembered: then nothing is said to be hard-coded
origin "too many addresses" sendto "192.0.2.21 unknown - -" <<'C'
    char text[32];
    for (int i = 0; i < 100000; i++) {
        sprintf(text, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        inet_aton(text, &in.sin_addr);
    }
    in.sin_addr.s_addr = htonl(0xc0000215);
    sendto(s, "", 1, MSG_DONTWAIT, IN);
C
finish
