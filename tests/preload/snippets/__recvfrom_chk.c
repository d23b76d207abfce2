#include "snippet.h"

/* What fortified programs import in the place of recvfrom. */
extern ssize_t __recvfrom_chk(int fd, void *restrict data, size_t size, size_t data_size, int flags,
                              __SOCKADDR_ARG address, socklen_t *restrict length);

static void take(int fd, int flags)
{
    static const socklen_t rooms[] = {0, 2, 8, 16, 28, 128};
    struct sockaddr_in to = {0};
    socklen_t to_length = sizeof to;
    int sender = datagram_socket("127.0.0.1", 20181);
    getsockname(fd, (struct sockaddr *)&to, &to_length);
    if (to.sin_addr.s_addr == htonl(INADDR_ANY))
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char data[16] = "";
        struct sockaddr_storage from;
        socklen_t length = rooms[i];
        memset(&from, 0x5a, sizeof from);
        sendto(sender, "hello, you there", 16, 0, (struct sockaddr *)&to, sizeof to);
        printf("room %u: ", (unsigned)length);
        SAY(__recvfrom_chk(fd, data, 16, 16, flags, (struct sockaddr *)&from, &length));
        if ((flags & MSG_PEEK) != 0)
            SAY(__recvfrom_chk(fd, data, 16, 16, 0, NULL, NULL));
        printf("%.16s, length %u, ", data, (unsigned)length);
        say_bytes("bytes", &from, 32);
    }
    close(sender);
}

void snippet(void)
{
    int one = datagram_socket("127.0.0.1", 20180), any = datagram_socket("0.0.0.0", 20182), client, server;
    struct sockaddr_in from;
    socklen_t length = sizeof from, negative = (socklen_t)-1;
    char data[16];
    take(one, 0);
    take(any, 0);
    take(any, MSG_PEEK);
    take(any, MSG_TRUNC);
    SAY(__recvfrom_chk(any, data, 16, 16, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
    connection(20183, &client, &server);
    SAY(write(client, "stream", 6));
    length = sizeof from;
    memset(&from, 0x5a, sizeof from);
    SAY(__recvfrom_chk(server, data, 16, 16, 0, (struct sockaddr *)&from, &length));
    printf("length %u, ", (unsigned)length);
    say_bytes("bytes", &from, sizeof from);
    struct sockaddr_in self = at("127.0.0.1", 20180);
    sendto(any, "x", 1, 0, (struct sockaddr *)&self, sizeof self);
    SAY(__recvfrom_chk(one, data, 16, 16, 0, (struct sockaddr *)&from, &negative));
    sendto(any, "x", 1, 0, (struct sockaddr *)&self, sizeof self);
    SAY(__recvfrom_chk(one, data, 16, 16, 0, (struct sockaddr *)&from, NULL));
    SAY(__recvfrom_chk(-1, data, 16, 16, 0, (struct sockaddr *)&from, &length));
    SAY(__recvfrom_chk(open("/dev/null", O_RDWR), data, 16, 16, 0, (struct sockaddr *)&from, &length));
}
