/*
 * select-server: sends every client back what it sent, many clients at once in one process.
 *
 *     select-server [-n clients] port
 *
 * Who comes and goes is logged on standard output. With -n it ends when that many clients have gone.
 */
#include <sys/types.h>

#include <sys/select.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* One client for each descriptor number. What it sent waits in the buffer until it can be sent back. */
struct client {
    struct in_addr address;
    int open;
    long total;
    size_t used;
    char buffer[2048];
};

static struct client clients[FD_SETSIZE];
static int gone;

/* accept had no descriptor for a client: nobody else is let in until one has gone, or a second has passed. */
static int full;

static int open_listener(u_short port)
{
    struct sockaddr_in local;
    int error, s, on = 1;

    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, (char *)&on, sizeof on);
    bzero(&local, sizeof local);
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_ANY);
    local.sin_port = port;
    if (bind(s, (struct sockaddr *)&local, sizeof local) < 0 || listen(s, SOMAXCONN) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    fcntl(s, F_SETFL, O_NONBLOCK);
    return s;
}

static void client_accept(int listener)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);

    if (s < 0) {
        full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return;
    }
    if (s >= FD_SETSIZE) {
        close(s);
        return;
    }
    fcntl(s, F_SETFL, O_NONBLOCK);
    clients[s].address = peer.sin_addr;
    clients[s].open = 1;
    clients[s].total = 0;
    clients[s].used = 0;
    printf("%s connected\n", inet_ntoa(peer.sin_addr));
}

static void client_close(int s)
{
    printf("%s closed after %ld bytes\n", inet_ntoa(clients[s].address), clients[s].total);
    clients[s].open = 0;
    close(s);
    full = 0;
    gone++;
}

/* Reads into the empty buffer, or sends some of a full one. */
static void client_serve(int s)
{
    struct client *client = &clients[s];
    ssize_t n;

    if (client->used == 0)
        n = read(s, client->buffer, sizeof client->buffer);
    else
        n = write(s, client->buffer, client->used);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(s);
    } else if (client->used == 0) {
        client->used = (size_t)n;
        client->total += n;
    } else {
        client->used -= (size_t)n;
        bcopy(client->buffer + n, client->buffer, client->used);
    }
}

static void serve_ready(int listener)
{
    struct timeval second;
    fd_set readable, writable;
    int s, ready, highest = listener;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    if (!full)
        FD_SET(listener, &readable);
    for (s = 0; s < FD_SETSIZE; s++)
        if (clients[s].open) {
            FD_SET(s, clients[s].used == 0 ? &readable : &writable);
            highest = s > highest ? s : highest;
        }
    second.tv_sec = 1;
    second.tv_usec = 0;
    if ((ready = select(highest + 1, &readable, &writable, NULL, full ? &second : NULL)) < 0) {
        if (errno == EINTR)
            return;
        perror("select-server: select");
        exit(1);
    }
    if (ready == 0)
        full = 0;
    for (s = 0; s <= highest; s++)
        if (clients[s].open && (FD_ISSET(s, &readable) || FD_ISSET(s, &writable)))
            client_serve(s);
    if (FD_ISSET(listener, &readable))
        client_accept(listener);
}

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

int main(int argc, char *argv[])
{
    int option, listener, limit = 0;
    u_short port;

    while ((option = getopt(argc, argv, "n:")) == 'n')
        limit = atoi(optarg);
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: select-server [-n clients] port\n");
        return 2;
    }
    if ((port = service_port(argv[optind])) == 0) {
        fprintf(stderr, "select-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setlinebuf(stdout);
    if ((listener = open_listener(port)) < 0) {
        fprintf(stderr, "select-server: port %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    printf("listening on port %d\n", ntohs(port));
    while (limit == 0 || gone < limit)
        serve_ready(listener);
    return 0;
}
