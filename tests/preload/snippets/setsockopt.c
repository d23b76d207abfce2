#include "snippet.h"

#include <netinet/tcp.h>

static void set(int fd, int level, int name, const void *value, socklen_t length)
{
    unsigned char now[32];
    socklen_t now_length = sizeof now;
    printf("level %d option %d length %u: ", level, name, (unsigned)length);
    SAY(setsockopt(fd, level, name, value, length));
    memset(now, 0x5a, sizeof now);
    SAY(getsockopt(fd, level, name, now, &now_length));
    if (now_length <= sizeof now)
        say_bytes("now", now, now_length);
}

void snippet(void)
{
    int on = 1, size = 30000, tos = 0x10, bad = 9999;
    unsigned char byte = 7;
    struct timeval limit = {.tv_sec = 3};
    struct linger linger = {.l_onoff = 1, .l_linger = 2};
    struct in_addr interface = at("127.0.0.1", 0).sin_addr;
    int stream = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);
    set(stream, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set(stream, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    set(stream, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    set(stream, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    set(stream, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    set(stream, SOL_SOCKET, SO_LINGER, &linger, 1);
    set(stream, SOL_SOCKET, bad, &on, sizeof on);
    set(stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    set(stream, IPPROTO_TCP, TCP_KEEPIDLE, &size, sizeof size);
    set(stream, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    set(stream, IPPROTO_IP, IP_TOS, &byte, sizeof byte);
    set(stream, IPPROTO_IP, IP_TTL, &bad, sizeof bad);
    set(stream, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &on, sizeof on);
    set(datagram, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    set(datagram, IPPROTO_IP, IP_MULTICAST_TTL, &byte, sizeof byte);
    set(datagram, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on);
    set(datagram, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface);
    set(datagram, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    set(datagram, IPPROTO_IP, IP_RECVERR, &on, 0);
    SAY(setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, NULL, sizeof on));
    SAY(setsockopt(stream, SOL_SOCKET, SO_KEEPALIVE, &on, (socklen_t)-1));
    SAY(setsockopt(-1, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    SAY(setsockopt(open("/dev/null", O_RDWR), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
}
