#include "snippet.h"

#include <poll.h>

static void try(const char *what, const void *address, socklen_t length, int type)
{
    int fd = socket(AF_INET, type, 0);
    printf("%s: ", what);
    SAY(connect(fd, address, length));
    close(fd);
}

void snippet(void)
{
    int waiting = listener("127.0.0.1", 20070);
    struct sockaddr_in open_port = at("127.0.0.1", 20070), closed_port = at("127.0.0.1", 20071);
    struct sockaddr_in other = at("192.0.2.1", 20071), nowhere = at("203.0.113.1", 20071);
    struct sockaddr_in broadcast = at("255.255.255.255", 20071), any = at("0.0.0.0", 20070);
    try("an open port", &open_port, sizeof open_port, SOCK_STREAM);
    try("an open port, datagrams", &open_port, sizeof open_port, SOCK_DGRAM);
    try("a closed port", &closed_port, sizeof closed_port, SOCK_STREAM);
    try("another address", &other, sizeof other, SOCK_STREAM);
    try("no route", &nowhere, sizeof nowhere, SOCK_STREAM);
    try("no route, datagrams", &nowhere, sizeof nowhere, SOCK_DGRAM);
    try("broadcast", &broadcast, sizeof broadcast, SOCK_STREAM);
    try("broadcast, datagrams", &broadcast, sizeof broadcast, SOCK_DGRAM);
    try("0.0.0.0", &any, sizeof any, SOCK_STREAM);
    try("too short", &open_port, sizeof open_port - 1, SOCK_STREAM);
    try("nothing", &open_port, 0, SOCK_STREAM);
    struct sockaddr_storage room = {0};
    memcpy(&room, &open_port, sizeof open_port);
    try("too long", &room, sizeof room, SOCK_STREAM);
    room.ss_family = AF_UNIX;
    try("a wrong family", &room, sizeof room, SOCK_STREAM);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    SAY(connect(fd, NULL, sizeof open_port));
    SAY(connect(fd, (struct sockaddr *)&closed_port, sizeof closed_port));
    SAY(connect(fd, (struct sockaddr *)&open_port, sizeof open_port));
    SAY(connect(fd, (struct sockaddr *)&open_port, sizeof open_port));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    SAY(connect(fd, &none, sizeof none));
    SAY(connect(fd, (struct sockaddr *)&open_port, sizeof open_port));
    SAY(connect(waiting, (struct sockaddr *)&open_port, sizeof open_port));
    SAY(connect(-1, (struct sockaddr *)&open_port, sizeof open_port));
    int file = open("/dev/null", O_RDWR);
    SAY(connect(file, (struct sockaddr *)&open_port, sizeof open_port));

    int quick = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SAY(connect(quick, (struct sockaddr *)&open_port, sizeof open_port));
    struct pollfd poll_one = {.fd = quick, .events = POLLOUT};
    SAY(poll(&poll_one, 1, 2000));
    SAY(poll_one.revents);
    SAY(connect(quick, (struct sockaddr *)&open_port, sizeof open_port));
    int refused = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1;
    socklen_t length = sizeof error;
    SAY(connect(refused, (struct sockaddr *)&closed_port, sizeof closed_port));
    poll_one = (struct pollfd){.fd = refused, .events = POLLOUT};
    SAY(poll(&poll_one, 1, 2000));
    SAY(poll_one.revents);
    SAY(getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &length));
    printf("SO_ERROR %s\n", errno_name(error));
}
