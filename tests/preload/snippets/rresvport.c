#include "snippet.h"

/* The port itself differs from run to run where another program has one. */
void snippet(void)
{
    int port = 1023, low = 100, fd = rresvport(&port);
    struct sockaddr_in name = {0};
    socklen_t length = sizeof name;
    printf("%d %d\n", fd >= 0, port > 511 && port < 1024);
    fd = rresvport(&port);
    printf("%d\n", fd >= 0);
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%d %d %d %s\n", name.sin_family == AF_INET, (int)length, ntohs(name.sin_port) == port,
           inet_ntoa(name.sin_addr));
    SAY(listen(fd, 1));
    close(fd);
    fd = rresvport(&low);
    printf("%d %d\n", fd >= 0, low == 100);
}
