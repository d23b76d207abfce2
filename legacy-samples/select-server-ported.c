/*
 * select-server, ported: sends every client back what it sent, many clients at once in one process, over both
 * families.
 *
 *     select-server-ported [-n clients] port
 *
 * Who comes and goes is logged on standard output. With -n it ends when that many clients have gone.
 */
#include "ported.h"

#include <sys/select.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One client for each descriptor number. What it sent waits in the buffer until it can be sent back. */
struct client {
    struct sockaddr_storage address;
    socklen_t address_length;
    int open;
    long total;
    size_t used;
    char buffer[2048];
};

static struct client clients[FD_SETSIZE];
static int gone;

/* One listening socket for each family that this machine has. */
enum { MAX_LISTENERS = 8 };
static int listeners[MAX_LISTENERS];
static int listener_count;

/* accept had no descriptor for a client: nobody else is let in until one has gone, or a second has passed. */
static int full;

/*
 * IPV6_V6ONLY makes the IPv6 socket leave IPv4 to the other one: without it the two would be in each other's way, and
 * IPv4 peers would turn up as ::ffff:192.0.2.1, in logs and in access lists.
 */
static int open_listener(const struct addrinfo *local)
{
    int error, s, on = 1;

    if ((s = socket(local->ai_family, local->ai_socktype, local->ai_protocol)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((local->ai_family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(s, local->ai_addr, local->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    fcntl(s, F_SETFL, O_NONBLOCK);
    return s;
}

/*
 * Opens a socket for each wildcard address that getaddrinfo gives. A machine may lack a family (EAFNOSUPPORT): the
 * other one is enough. Every other failure ends the server, so that it never serves half of its clients unnoticed.
 */
static int open_listeners(const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list, *local;
    int error, s;

    if ((error = getaddrinfo(NULL, port, &hints, &list)) != 0) {
        fprintf(stderr, "select-server: port %s: %s\n", port, lookup_error(error));
        return -1;
    }
    error = EAFNOSUPPORT;
    for (local = list; local != NULL && listener_count < MAX_LISTENERS; local = local->ai_next) {
        if ((s = open_listener(local)) >= 0) {
            listeners[listener_count++] = s;
        } else if (errno != EAFNOSUPPORT) {
            error = errno;
            listener_count = 0;
            break;
        }
    }
    freeaddrinfo(list);
    if (listener_count == 0) {
        fprintf(stderr, "select-server: port %s: %s\n", port, strerror(error));
        return -1;
    }
    return 0;
}

static void client_accept(int listener)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    struct address_text text;

    if (s < 0) {
        full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return;
    }
    if (s >= FD_SETSIZE) {
        close(s);
        return;
    }
    fcntl(s, F_SETFL, O_NONBLOCK);
    clients[s].address = peer;
    clients[s].address_length = length;
    clients[s].open = 1;
    clients[s].total = 0;
    clients[s].used = 0;
    printf("%s connected\n", address_print(&text, (struct sockaddr *)&peer, length)->host);
}

static void client_close(int s)
{
    struct client *client = &clients[s];
    struct address_text text;

    address_print(&text, (struct sockaddr *)&client->address, client->address_length);
    printf("%s closed after %ld bytes\n", text.host, client->total);
    client->open = 0;
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
        memmove(client->buffer, client->buffer + n, client->used);
    }
}

static void serve_ready(void)
{
    struct timeval second = {1, 0};
    fd_set readable, writable;
    int i, s, ready, highest = 0;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    for (i = 0; i < listener_count && !full; i++) {
        FD_SET(listeners[i], &readable);
        highest = listeners[i] > highest ? listeners[i] : highest;
    }
    for (s = 0; s < FD_SETSIZE; s++)
        if (clients[s].open) {
            FD_SET(s, clients[s].used == 0 ? &readable : &writable);
            highest = s > highest ? s : highest;
        }
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
    for (i = 0; i < listener_count; i++)
        if (FD_ISSET(listeners[i], &readable))
            client_accept(listeners[i]);
}

int main(int argc, char *argv[])
{
    int option, limit = 0;

    while ((option = getopt(argc, argv, "n:")) == 'n')
        limit = atoi(optarg);
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: select-server-ported [-n clients] port\n");
        return 2;
    }
    if (!service_valid(argv[optind])) {
        fprintf(stderr, "select-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setlinebuf(stdout);
    if (open_listeners(argv[optind]) < 0)
        return 1;
    printf("listening on port %s\n", argv[optind]);
    while (limit == 0 || gone < limit)
        serve_ready();
    return 0;
}
