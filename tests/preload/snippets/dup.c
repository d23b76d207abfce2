#include "snippet.h"

void snippet(void)
{
    int client, server;
    char byte = 'x';
    connection(20020, &client, &server);
    int copy = (int)SAY(dup(client));
    close(client);
    SAY(write(copy, &byte, 1));
    SAY(read(server, &byte, 1));
    SAY(fcntl(copy, F_GETFD));
    SAY(dup(client));
    SAY(dup(-1));
}
