#include "snippet.h"

void snippet(void)
{
    static const int kinds[][3] = {{AF_INET, SOCK_STREAM, 0},
                                   {AF_INET, SOCK_DGRAM, 0},
                                   {AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP},
                                   {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
                                   {AF_INET, SOCK_STREAM, IPPROTO_UDP},
                                   {AF_INET, 77, 0},
                                   {AF_UNIX, SOCK_STREAM, 0},
                                   {999, SOCK_STREAM, 0},
                                   {-1, SOCK_STREAM, 0}};
    int first = -1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int fd = (int)SAY(socket(kinds[i][0], kinds[i][1], kinds[i][2]));
        if (fd < 0)
            continue;
        int domain = -1, type = -1, protocol = -1;
        socklen_t length = sizeof domain;
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
        printf("domain %d type %d protocol %d flags %#x %#x\n", domain, type, protocol, (unsigned)fcntl(fd, F_GETFL),
               (unsigned)fcntl(fd, F_GETFD));
        if (first < 0)
            first = fd;
    }
    /* The lowest free number, as POSIX says. */
    close(first);
    printf("the number that was closed is %s\n", socket(AF_INET, SOCK_STREAM, 0) == first ? "given again" : "lost");
}
