#include "snippet.h"

#include <netinet/tcp.h>

static void ask(int fd, int level, int name)
{
    static const socklen_t rooms[] = {0, 1, 3, 4, 8, 32};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        unsigned char value[32];
        socklen_t length = rooms[i];
        memset(value, 0x5a, sizeof value);
        printf("level %d option %d room %u: ", level, name, (unsigned)length);
        SAY(getsockopt(fd, level, name, value, &length));
        printf("length %u, ", (unsigned)length);
        say_bytes("value", value, 8);
    }
}

void snippet(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);
    ask(fd, SOL_SOCKET, SO_TYPE);
    ask(fd, SOL_SOCKET, SO_DOMAIN);
    ask(fd, SOL_SOCKET, SO_PROTOCOL);
    ask(fd, SOL_SOCKET, SO_ERROR);
    ask(fd, SOL_SOCKET, SO_ACCEPTCONN);
    ask(fd, IPPROTO_TCP, TCP_NODELAY);
    ask(fd, IPPROTO_IP, IP_TTL);
    ask(fd, IPPROTO_IP, IP_MTU);
    ask(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    ask(datagram, SOL_SOCKET, SO_DOMAIN);
    ask(datagram, IPPROTO_IP, IP_MULTICAST_TTL);
    ask(-1, SOL_SOCKET, SO_TYPE);
    int value;
    socklen_t length = sizeof value;
    SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &length));
    SAY(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, NULL));
}
