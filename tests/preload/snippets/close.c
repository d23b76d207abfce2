#include "snippet.h"

void snippet(void)
{
    int client, server;
    char byte;
    connection(20010, &client, &server);
    SAY(close(client));
    SAY(close(client));
    SAY(read(server, &byte, 1));
    SAY(close(server));
    SAY(close(-1));
    SAY(close(1 << 30));
    int file = open("/dev/null", O_RDWR);
    SAY(close(file));
    SAY(write(file, &byte, 1));
}
