#include "snippet.h"

static void ask(const char *what, int fd)
{
    static const socklen_t lengths[] = {0, 1, 2, 8, 15, 16, 17, 28, sizeof(struct sockaddr_storage)};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        union {
            struct sockaddr_in ipv4;
            struct sockaddr_storage room;
        } name;
        memset(&name, 0x5a, sizeof name);
        socklen_t length = lengths[i];
        printf("%s, room %u: ", what, (unsigned)length);
        SAY(getpeername(fd, (struct sockaddr *)&name, &length));
        if (ntohs(name.ipv4.sin_port) >= FIRST_EPHEMERAL_PORT)
            name.ipv4.sin_port = 0;
        else if (lengths[i] < 4)
            name.ipv4.sin_port = 0x5a5a;
        printf("length %u, ", (unsigned)length);
        say_bytes("bytes", &name, 32);
    }
}

void snippet(void)
{
    int client, server;
    connection(20090, &client, &server);
    ask("client", client);
    ask("server", server);
    ask("new socket", socket(AF_INET, SOCK_STREAM, 0));
    ask("bound datagrams", datagram_socket("192.0.2.1", 20090));
    ask("no socket", open("/dev/null", O_RDWR));
    ask("nothing", -1);
    socklen_t length = sizeof(struct sockaddr_in), negative = (socklen_t)-1;
    struct sockaddr_in name;
    SAY(getpeername(client, (struct sockaddr *)&name, NULL));
    SAY(getpeername(client, NULL, &length));
    SAY(getpeername(client, (struct sockaddr *)&name, &negative));
}
