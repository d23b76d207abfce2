#include "snippet.h"

void snippet(void)
{
    int client, server, file = open("/dev/null", O_RDWR);
    char byte = 'x';
    connection(20030, &client, &server);
    SAY(dup2(client, 100));
    SAY(dup2(client, client));
    SAY(dup2(client, file));
    close(client);
    SAY(write(100, &byte, 1));
    SAY(write(file, &byte, 1));
    char two[2];
    SAY(read(server, two, 2));
    SAY(dup2(client, 100));
    SAY(dup2(client, client));
    SAY(dup2(100, -1));
    SAY(dup2(server, 100));
    close(file);
    SAY(read(server, two, 2));
}
