#include "snippet.h"

static void take(const char *address, const char *peer, const char *what)
{
    static const socklen_t rooms[] = {0, 2, 8, 16, 28, 128};
    int waiting = listener(address, 20140);
    struct sockaddr_in server = at(peer, 20140);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        union {
            struct sockaddr_in ipv4;
            struct sockaddr_storage room;
        } name;
        memset(&name, 0x5a, sizeof name);
        socklen_t length = rooms[i];
        int client = socket(AF_INET, SOCK_STREAM, 0), domain = -1;
        connect(client, (struct sockaddr *)&server, sizeof server);
        printf("%s, room %u: ", what, (unsigned)length);
        int fd = (int)SAY(accept4(waiting, (struct sockaddr *)&name, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (rooms[i] >= 4)
            name.ipv4.sin_port = 0;
        printf("length %u, ", (unsigned)length);
        say_bytes("bytes", &name, 32);
        SAY(fcntl(fd, F_GETFD));
        SAY(fcntl(fd, F_GETFL) & O_NONBLOCK);
        length = sizeof domain;
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
        printf("domain %d\n", domain);
        length = sizeof name;
        SAY(getsockname(fd, (struct sockaddr *)&name, &length));
        say_address("name", &name.ipv4, length);
        close(client);
        close(fd);
    }
    fcntl(waiting, F_SETFL, O_NONBLOCK);
    SAY(accept4(waiting, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    SAY(accept4(waiting, NULL, NULL, 0x40000000));
    close(waiting);
}

void snippet(void)
{
    take("127.0.0.1", "127.0.0.1", "one address");
    take("0.0.0.0", "192.0.2.1", "any address");
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    int idle = socket(AF_INET, SOCK_STREAM, 0);
    SAY(accept4(idle, (struct sockaddr *)&name, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    SAY(accept4(socket(AF_INET, SOCK_DGRAM, 0), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    SAY(accept4(open("/dev/null", O_RDWR), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    SAY(accept4(-1, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}
