#include "snippet.h"

static void take(int fd)
{
    char data[16];
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    if (SAY(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length)) >= 0)
        say_address("from", &from, length);
}

void snippet(void)
{
    int receiver = datagram_socket("127.0.0.1", 20160), any = datagram_socket("0.0.0.0", 20161);
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = at("127.0.0.1", 20160), to_any = at("192.0.2.1", 20161),
                       nowhere = at("203.0.113.1", 20160);
    struct sockaddr_in broadcast = at("255.255.255.255", 20160), none = at("127.0.0.1", 0);
    SAY(sendto(sender, "hello", 5, 0, (struct sockaddr *)&to, sizeof to));
    take(receiver);
    SAY(sendto(sender, "", 0, 0, (struct sockaddr *)&to, sizeof to));
    take(receiver);
    SAY(sendto(any, "bound", 5, 0, (struct sockaddr *)&to, sizeof to));
    take(receiver);
    SAY(sendto(receiver, "back", 4, 0, (struct sockaddr *)&to_any, sizeof to_any));
    take(any);
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&nowhere, sizeof nowhere));
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&broadcast, sizeof broadcast));
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&none, sizeof none));
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&to, sizeof to - 1));
    SAY(sendto(sender, "x", 1, 0, NULL, 0));
    to.sin_family = AF_UNSPEC;
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    take(receiver);
    to.sin_family = AF_UNIX;
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    to.sin_family = AF_INET;
    SAY(connect(sender, (struct sockaddr *)&to, sizeof to));
    SAY(sendto(sender, "x", 1, 0, NULL, 0));
    take(receiver);
    SAY(sendto(sender, "x", 1, 0, (struct sockaddr *)&to_any, sizeof to_any));
    take(any);
    int client, server;
    connection(20162, &client, &server);
    SAY(sendto(client, "x", 1, 0, (struct sockaddr *)&nowhere, sizeof nowhere));
    SAY(sendto(client, "x", 1, 0, NULL, 0));
    SAY(sendto(-1, "x", 1, 0, (struct sockaddr *)&to_any, sizeof to_any));
    SAY(sendto(open("/dev/null", O_RDWR), "x", 1, 0, (struct sockaddr *)&to_any, sizeof to_any));
}
