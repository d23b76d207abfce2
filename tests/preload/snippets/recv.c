#include "snippet.h"

void snippet(void)
{
    struct sockaddr_in to = at("127.0.0.1", 20521);
    int sender = datagram_socket("127.0.0.1", 20520), fd = datagram_socket("127.0.0.1", 20521), client, server;
    char data[16] = "";
    SAY(recv(socket(AF_INET, SOCK_DGRAM, 0), data, 16, MSG_DONTWAIT));
    sendto(sender, "hello, you there", 16, 0, (struct sockaddr *)&to, sizeof to);
    sendto(sender, "", 0, 0, (struct sockaddr *)&to, sizeof to);
    SAY(recv(fd, data, 16, MSG_PEEK));
    SAY(recv(fd, data, 5, MSG_TRUNC));
    SAY(recv(fd, data, 16, 0));
    SAY(recv(fd, data, 16, MSG_DONTWAIT));
    SAY(recv(fd, data, 16, MSG_ERRQUEUE));
    connection(20522, &client, &server);
    SAY(write(client, "stream", 6));
    SAY(recv(server, data, 3, 0));
    SAY(recv(server, data + 3, 13, 0));
    printf("%.16s\n", data);
    close(client);
    SAY(recv(server, data, 16, 0));
    SAY(recv(socket(AF_INET, SOCK_STREAM, 0), data, 16, 0));
    SAY(recv(-1, data, 16, 0));
    SAY(recv(open("/dev/null", O_RDWR), data, 16, 0));
}
