#include "snippet.h"

static void try(const char *what, const void *address, socklen_t length, int type)
{
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in name = {0};
    socklen_t name_length = sizeof name;
    printf("%s: ", what);
    SAY(bind(fd, address, length));
    getsockname(fd, (struct sockaddr *)&name, &name_length);
    say_address("bound to", &name, name_length);
    close(fd);
}

void snippet(void)
{
    struct sockaddr_in any = at("0.0.0.0", 20080), any_port = at("0.0.0.0", 0), one = at("127.0.0.1", 20081);
    struct sockaddr_in other = at("192.0.2.2", 20081), strange = at("203.0.113.1", 20081), unspec = any;
    unspec.sin_family = AF_UNSPEC;
    try("any address", &any, sizeof any, SOCK_STREAM);
    try("any address, datagrams", &any, sizeof any, SOCK_DGRAM);
    try("any port", &any_port, sizeof any_port, SOCK_STREAM);
    try("one address", &one, sizeof one, SOCK_STREAM);
    try("one address, datagrams", &other, sizeof other, SOCK_DGRAM);
    try("an address of another host", &strange, sizeof strange, SOCK_STREAM);
    try("AF_UNSPEC with 0.0.0.0", &unspec, sizeof unspec, SOCK_STREAM);
    unspec.sin_addr = one.sin_addr;
    try("AF_UNSPEC with an address", &unspec, sizeof unspec, SOCK_STREAM);
    try("too short", &any, sizeof any - 1, SOCK_STREAM);
    struct sockaddr_storage room = {0};
    memcpy(&room, &any, sizeof any);
    try("too long", &room, sizeof room, SOCK_STREAM);
    room.ss_family = AF_UNIX;
    try("a wrong family", &room, sizeof any, SOCK_STREAM);

    int fd = socket(AF_INET, SOCK_STREAM, 0), second = socket(AF_INET, SOCK_STREAM, 0);
    SAY(bind(fd, NULL, sizeof any));
    SAY(bind(fd, (struct sockaddr *)&any, sizeof any));
    SAY(bind(fd, (struct sockaddr *)&any, sizeof any));
    SAY(bind(second, (struct sockaddr *)&any, sizeof any));
    SAY(listen(fd, 1));
    SAY(bind(-1, (struct sockaddr *)&any, sizeof any));
}
