/*
 * tcp-client: connects to a service of a host, sends it standard input and prints what comes back.
 *
 *     tcp-client host service
 *
 * The answer goes to standard output, word of the connection to standard error.
 * Exit status: 0 the connection was made and closed in order, 1 it failed, 2 wrong usage.
 */
#include <sys/types.h>

#include <sys/select.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The port of a service, by name or by number, in network order; 0 if there is none. */
static u_short service_port(const char *service)
{
    struct servent *entry = getservbyname(service, "tcp");
    int port;

    if (entry != NULL)
        return (u_short)entry->s_port;
    port = atoi(service);
    return port > 0 && port < 65536 ? htons((u_short)port) : 0;
}

static int connect_to_address(struct in_addr address, u_short port)
{
    struct sockaddr_in server;
    int s;

    fprintf(stderr, "Trying %s...\n", inet_ntoa(address));
    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0) {
        perror("tcp-client: socket");
        return -1;
    }
    bzero(&server, sizeof server);
    server.sin_family = AF_INET;
    server.sin_addr = address;
    server.sin_port = port;
    if (connect(s, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("tcp-client: connect");
        close(s);
        return -1;
    }
    return s;
}

/* Tries each address of the host in turn, as far as the first that answers. */
static int connect_to_host(const char *name, u_short port)
{
    struct in_addr address;
    struct hostent *host;
    char **list;
    int s = -1;

    address.s_addr = inet_addr(name);
    if (address.s_addr != INADDR_NONE)
        return connect_to_address(address, port);
    if ((host = gethostbyname(name)) == NULL) {
        fprintf(stderr, "tcp-client: %s: %s\n", name, hstrerror(h_errno));
        return -1;
    }
    for (list = host->h_addr_list; *list != NULL && s < 0; list++) {
        bcopy(*list, &address, sizeof address);
        s = connect_to_address(address, port);
    }
    return s;
}

static void print_ends(int s)
{
    struct sockaddr_in peer, local;
    socklen_t peer_length = sizeof peer, local_length = sizeof local;

    if (getpeername(s, (struct sockaddr *)&peer, &peer_length) < 0 ||
        getsockname(s, (struct sockaddr *)&local, &local_length) < 0) {
        perror("tcp-client: address");
        return;
    }
    fprintf(stderr, "Connected to %s port %d", inet_ntoa(peer.sin_addr), ntohs(peer.sin_port));
    fprintf(stderr, " from %s.\n", inet_ntoa(local.sin_addr));
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
    u_short port;
    int s;

    if (argc != 3) {
        fprintf(stderr, "usage: tcp-client host service\n");
        return 2;
    }
    if ((port = service_port(argv[2])) == 0) {
        fprintf(stderr, "tcp-client: %s: no such service\n", argv[2]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if ((s = connect_to_host(argv[1], port)) < 0)
        return 1;
    print_ends(s);
    if (relay(s) < 0) {
        perror("tcp-client");
        return 1;
    }
    close(s);
    return 0;
}
