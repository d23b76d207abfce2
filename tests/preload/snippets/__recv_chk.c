#include "snippet.h"

/* What fortified programs import in the place of recv. */
extern ssize_t __recv_chk(int fd, void *data, size_t size, size_t data_size, int flags);

void snippet(void)
{
    struct sockaddr_in to = at("127.0.0.1", 20531);
    int sender = datagram_socket("127.0.0.1", 20530), fd = datagram_socket("127.0.0.1", 20531), client, server;
    char data[16] = "";
    SAY(__recv_chk(socket(AF_INET, SOCK_DGRAM, 0), data, 16, 16, MSG_DONTWAIT));
    sendto(sender, "hello, you there", 16, 0, (struct sockaddr *)&to, sizeof to);
    sendto(sender, "", 0, 0, (struct sockaddr *)&to, sizeof to);
    SAY(__recv_chk(fd, data, 16, 16, MSG_PEEK));
    SAY(__recv_chk(fd, data, 5, 16, MSG_TRUNC));
    SAY(__recv_chk(fd, data, 16, 16, 0));
    SAY(__recv_chk(fd, data, 16, 16, MSG_DONTWAIT));
    SAY(__recv_chk(fd, data, 16, 16, MSG_ERRQUEUE));
    connection(20532, &client, &server);
    SAY(write(client, "stream", 6));
    SAY(__recv_chk(server, data, 3, 16, 0));
    SAY(__recv_chk(server, data + 3, 13, 13, 0));
    printf("%.16s\n", data);
    close(client);
    SAY(__recv_chk(server, data, 16, 16, 0));
    SAY(__recv_chk(socket(AF_INET, SOCK_STREAM, 0), data, 16, 16, 0));
    SAY(__recv_chk(-1, data, 16, 16, 0));
    SAY(__recv_chk(open("/dev/null", O_RDWR), data, 16, 16, 0));
}
