#include "snippet.h"

void snippet(void)
{
    int client, server;
    char byte = 'x';
    connection(20290, &client, &server);
    SAY(shutdown(client, SHUT_WR));
    SAY(read(server, &byte, 1));
    SAY(write(server, &byte, 1));
    SAY(read(client, &byte, 1));
    SAY(shutdown(client, SHUT_RD));
    SAY(shutdown(client, SHUT_RDWR));
    SAY(shutdown(server, 77));
    SAY(shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_RDWR));
    SAY(shutdown(open("/dev/null", O_RDWR), SHUT_RDWR));
    SAY(shutdown(-1, SHUT_RDWR));
}
