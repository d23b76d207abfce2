#include "snippet.h"

static void say_message(const struct msghdr *message, const void *name)
{
    printf("name length %u, control length %zu, flags %#x, ", (unsigned)message->msg_namelen, message->msg_controllen,
           (unsigned)message->msg_flags);
    say_bytes("name", name, 32);
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR((struct msghdr *)message, at)) {
        printf("level %d type %d ", at->cmsg_level, at->cmsg_type);
        if (at->cmsg_level == SOL_SOCKET) /* a time */
            printf("length %zu\n", at->cmsg_len - CMSG_LEN(0));
        else
            say_bytes("control", CMSG_DATA(at), at->cmsg_len - CMSG_LEN(0));
    }
}

static void take(int fd, size_t control_size)
{
    static const socklen_t rooms[] = {0, 2, 8, 16, 28, 128};
    struct sockaddr_in to = {0};
    socklen_t to_length = sizeof to;
    int sender = datagram_socket("127.0.0.1", 20201);
    getsockname(fd, (struct sockaddr *)&to, &to_length);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char data[16] = "";
        struct sockaddr_storage from;
        memset(&from, 0x5a, sizeof from);
        union {
            struct cmsghdr align;
            char bytes[256];
        } control;
        struct iovec parts[] = {{data, 3}, {data + 3, 6}};
        struct msghdr message = {.msg_name = &from,
                                 .msg_namelen = rooms[i],
                                 .msg_iov = parts,
                                 .msg_iovlen = 2,
                                 .msg_control = &control,
                                 .msg_controllen = control_size};
        sendto(sender, "0123456789", 10, 0, (struct sockaddr *)&to, sizeof to);
        printf("room %u, control %zu: ", rooms[i], control_size);
        SAY(recvmsg(fd, &message, 0));
        printf("%s, ", data);
        say_message(&message, &from);
    }
    close(sender);
}

void snippet(void)
{
    int one = datagram_socket("127.0.0.1", 20200), any = datagram_socket("0.0.0.0", 20202), on = 1;
    take(one, 256);
    take(any, 256);
    SAY(setsockopt(any, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
    take(any, 256);
    take(any, 20);
    take(any, 0);
    SAY(setsockopt(any, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
    SAY(setsockopt(any, IPPROTO_IP, IP_RECVTOS, &on, sizeof on));
    take(any, 256);
    take(any, 50);
    SAY(setsockopt(any, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on));
    take(any, 256);
#ifdef SO_TIMESTAMP_NEW /* with times of 64 bits, libc adds one such to these */
    SAY(setsockopt(any, SOL_SOCKET, SO_TIMESTAMP_OLD, &on, sizeof on));
    take(any, 256);
    take(any, 100);
    SAY(setsockopt(any, SOL_SOCKET, SO_TIMESTAMPNS_OLD, &on, sizeof on));
    take(any, 256);
#endif
    char data[4];
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    SAY(recvmsg(any, &message, MSG_DONTWAIT));
    SAY(recvmsg(any, NULL, MSG_DONTWAIT));
    SAY(recvmsg(-1, &message, 0));
    /* The error queue: a closed port. */
    struct sockaddr_in closed = at("127.0.0.1", 20203);
    union {
        struct cmsghdr align;
        char bytes[256];
    } control = {0};
    struct sockaddr_storage from;
    memset(&from, 0x5a, sizeof from);
    SAY(setsockopt(any, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    SAY(sendto(any, "x", 1, 0, (struct sockaddr *)&closed, sizeof closed));
    message = (struct msghdr){.msg_name = &from,
                              .msg_namelen = sizeof from,
                              .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control};
    SAY(recvmsg(any, &message, MSG_ERRQUEUE));
    say_message(&message, &from);
    SAY(recvmsg(any, &message, MSG_ERRQUEUE));
}
