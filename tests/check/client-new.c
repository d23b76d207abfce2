/* A client that takes whatever family the name has, unless built for IPv4 only. */
#include <netdb.h>
#include <sys/socket.h>

#ifndef FAMILY
#define FAMILY AF_UNSPEC
#endif

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_family = FAMILY, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(argc > 1 ? argv[1] : "localhost", "7", &hints, &found) != 0)
        return 1;
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    return connect(fd, found->ai_addr, found->ai_addrlen) != 0;
}
