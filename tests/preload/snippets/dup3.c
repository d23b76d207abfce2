#include "snippet.h"

void snippet(void)
{
    int client, server;
    char byte = 'x';
    connection(20040, &client, &server);
    SAY(dup3(client, 100, O_CLOEXEC));
    SAY(fcntl(100, F_GETFD));
    SAY(dup3(client, 101, 0));
    SAY(fcntl(101, F_GETFD));
    SAY(dup3(client, client, 0));
    SAY(dup3(client, 102, O_NONBLOCK));
    SAY(write(100, &byte, 1));
    SAY(read(server, &byte, 1));
    SAY(dup3(77, 100, 0));
}
