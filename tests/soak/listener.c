/* Accepts on both addresses, sends a line, closes; for ever. Usage: listener IPV6 IPV4 PORT. */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 20000

static int listen_on(const char *address, const char *port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found;
    int on = 1;
    if (getaddrinfo(address, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        perror(address);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

int main(int argc, char **argv)
{
    struct pollfd polled[2];
    if (argc != 4)
        return 2;
    for (int i = 0; i < 2; i++) {
        polled[i] = (struct pollfd){.fd = listen_on(argv[1 + i], argv[3]), .events = POLLIN};
        if (polled[i].fd < 0)
            return 1;
    }
    while (poll(polled, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if ((polled[i].revents & POLLIN) == 0)
                continue;
            int fd = accept(polled[i].fd, NULL, NULL);
            if (fd >= 0 && send(fd, "hello\n", strlen("hello\n"), MSG_NOSIGNAL) >= 0)
                shutdown(fd, SHUT_WR);
            if (fd >= 0)
                close(fd);
        }
    }
    return 0;
}
