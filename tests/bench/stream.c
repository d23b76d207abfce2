/*
 * stream: how long it takes to send so much over one connection. Prints ns per MiB.
 *
 *     stream [-n MEBIBYTES] [-p PORT] NAME
 *     stream -l PORT
 *
 * With -l it is the other side, for both families, until it is ended: it answers the first byte of a connection, as
 * `connect -p` wants, and reads the rest away.
 */
#include <pthread.h>
#include <stdbool.h>

#include "bench.h"

#define CHUNK (64u * 1024u)
#define MIB   (1024u * 1024u)

static char chunk[CHUNK];

static void *answer(void *data)
{
    char room[CHUNK];
    int s = (int)(intptr_t)data;
    if (recv(s, room, sizeof room, 0) > 0 && send(s, room, 1, MSG_NOSIGNAL) == 1)
        while (recv(s, room, sizeof room, 0) > 0)
            continue;
    close(s);
    return NULL;
}

static _Noreturn void serve(unsigned port)
{
    struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int listener = need(socket(AF_INET6, SOCK_STREAM, 0), "socket");
    need(bind(listener, (const struct sockaddr *)&local, sizeof local), "bind");
    need(listen(listener, BACKLOG), "listen");
    for (;;) {
        pthread_t thread;
        int s = need(accept(listener, NULL, NULL), "accept");
        if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)s) != 0 || pthread_detach(thread) != 0)
            fail("pthread_create");
    }
}

int main(int argc, char **argv)
{
    destination address;
    unsigned count = 100, port = 0;
    bool server = false;
    for (int option; (option = getopt(argc, argv, "n:p:l:")) != -1;) {
        switch (option) {
        case 'n':
            count = number(optarg);
            break;
        case 'l':
            server = true;
            port = number(optarg);
            break;
        case 'p':
            port = number(optarg);
            break;
        default:
            return 2;
        }
    }
    if (server)
        serve(port);
    if (argc - optind != 1 || count == 0)
        return 2;
    socklen_t length = look_up(argv[optind], htons((uint16_t)port), &address);
    int s = need(socket(family_of(&address), SOCK_STREAM, 0), "socket");
    need(connect(s, (const struct sockaddr *)(const void *)&address, length), "connect");
    double began_ns = now_ns();
    for (size_t left = (size_t)count * MIB; left > 0;) {
        ssize_t sent = send(s, chunk, left < CHUNK ? left : CHUNK, 0);
        if (sent < 0)
            fail("send");
        left -= (size_t)sent;
    }
    shutdown(s, SHUT_WR);
    while (recv(s, chunk, sizeof chunk, 0) > 0)
        continue;
    printf("%.1f\n", (now_ns() - began_ns) / count);
    return 0;
}
