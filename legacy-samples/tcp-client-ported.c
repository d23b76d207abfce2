/*
 * tcp-client, ported: connects to a service of a host, sends it standard input and prints what comes back.
 *
 *     tcp-client-ported host service
 *
 * The answer goes to standard output, word of the connection to standard error.
 * Exit status: 0 the connection was made and closed in order, 1 it failed, 2 wrong usage.
 */
#include "ported.h"

#include <sys/select.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int connect_to_address(const struct addrinfo *server)
{
    struct address_text text;
    int s;

    fprintf(stderr, "Trying %s...\n", address_print(&text, server->ai_addr, server->ai_addrlen)->host);
    if ((s = socket(server->ai_family, server->ai_socktype, server->ai_protocol)) < 0) {
        perror("tcp-client: socket");
        return -1;
    }
    if (connect(s, server->ai_addr, server->ai_addrlen) < 0) {
        perror("tcp-client: connect");
        close(s);
        return -1;
    }
    return s;
}

/*
 * Tries each address of the host in turn, as far as the first that answers. getaddrinfo has sorted them: those of a
 * family that this machine lacks come last and fail at once. AI_ADDRCONFIG, which leaves them out, is not used on
 * purpose: on a machine with IPv6 alone it refuses even 127.0.0.1 and the localhost of /etc/hosts.
 */
static int connect_to_host(const char *name, const char *service)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list, *server;
    int error, s = -1;

    if ((error = getaddrinfo(name, service, &hints, &list)) != 0) {
        fprintf(stderr, "tcp-client: %s %s: %s\n", name, service, lookup_error(error));
        return -1;
    }
    for (server = list; server != NULL && s < 0; server = server->ai_next)
        s = connect_to_address(server);
    freeaddrinfo(list);
    return s;
}

static void print_ends(int s)
{
    struct sockaddr_storage peer, local;
    socklen_t peer_length = sizeof peer, local_length = sizeof local;
    struct address_text text;

    if (getpeername(s, (struct sockaddr *)&peer, &peer_length) < 0 ||
        getsockname(s, (struct sockaddr *)&local, &local_length) < 0) {
        perror("tcp-client: address");
        return;
    }
    address_print(&text, (struct sockaddr *)&peer, peer_length);
    fprintf(stderr, "Connected to %s port %s", text.host, text.port);
    address_print(&text, (struct sockaddr *)&local, local_length);
    fprintf(stderr, " from %s.\n", text.host);
}

static int write_all(int fd, const char *data, ssize_t length)
{
    ssize_t n;

    for (; length > 0; data += n, length -= n)
        if ((n = write(fd, data, (size_t)length)) < 0)
            return -1;
    return 0;
}

/* Copies both ways until the server closes. */
static int relay(int s)
{
    char buffer[4096];
    int sending = 1;
    fd_set ready;
    ssize_t n;

    for (;;) {
        FD_ZERO(&ready);
        FD_SET(s, &ready);
        if (sending)
            FD_SET(STDIN_FILENO, &ready);
        if (select(s + 1, &ready, NULL, NULL, NULL) < 0)
            return -1;
        if (FD_ISSET(s, &ready)) {
            if ((n = read(s, buffer, sizeof buffer)) <= 0)
                return (int)n;
            if (write_all(STDOUT_FILENO, buffer, n) < 0)
                return -1;
        }
        if (sending && FD_ISSET(STDIN_FILENO, &ready)) {
            if ((n = read(STDIN_FILENO, buffer, sizeof buffer)) < 0 || write_all(s, buffer, n) < 0)
                return -1;
            if (n == 0) {
                shutdown(s, SHUT_WR);
                sending = 0;
            }
        }
    }
}

int main(int argc, char *argv[])
{
    int s;

    if (argc != 3) {
        fprintf(stderr, "usage: tcp-client-ported host service\n");
        return 2;
    }
    if (!service_valid(argv[2])) {
        fprintf(stderr, "tcp-client: %s: no such service\n", argv[2]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if ((s = connect_to_host(argv[1], argv[2])) < 0)
        return 1;
    print_ends(s);
    if (relay(s) < 0) {
        perror("tcp-client");
        return 1;
    }
    close(s);
    return 0;
}
