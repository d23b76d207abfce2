#include "snippet.h"

void snippet(void)
{
    struct sockaddr_in to = at("127.0.0.1", 20541), name_server = at("127.0.0.1", 53);
    int fd = datagram_socket("127.0.0.1", 20540), receiver = datagram_socket("127.0.0.1", 20541), client, server;
    char data[16] = "";
    SAY(send(fd, "x", 1, 0));
    SAY(connect(fd, (struct sockaddr *)&to, sizeof to));
    SAY(send(fd, "hello", 5, 0));
    SAY(recv(receiver, data, sizeof data, 0));
    SAY(send(fd, "", 0, 0));
    SAY(recv(receiver, data, sizeof data, 0));
    SAY(send(fd, NULL, 5, 0));
    connection(20542, &client, &server);
    SAY(send(client, "stream", 6, 0));
    SAY(recv(server, data, sizeof data, 0));
    close(server);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    SAY(connect(fd, (struct sockaddr *)&name_server, sizeof name_server));
    SAY(send(fd, "no question", 11, 0));
    SAY(send(fd, NULL, 5, 0));
    SAY(send(-1, "x", 1, 0));
    SAY(send(open("/dev/null", O_RDWR), "x", 1, 0));
}
