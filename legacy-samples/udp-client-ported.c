/*
 * udp-client, ported: sends a request in a datagram and prints the answer.
 *
 *     udp-client-ported [-n times] [-t seconds] host service text
 *
 * A datagram may be lost: each address of the host is asked three times and waited for, one second each time unless
 * -t says otherwise. Anybody may send one, too: only an answer from the address and port that were asked counts. The
 * answer goes to standard output, who gave it to standard error. With -n the same is asked that many times.
 * Exit status: 0 answered, 1 not, 2 wrong usage.
 */
#include "ported.h"

#include <sys/select.h>
#include <sys/time.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 3 };

static int wait_seconds = 1;

/* Waits for a datagram until the deadline; 0 if none came. */
static int wait_readable(int s, const struct timeval *deadline)
{
    struct timeval now, rest;
    fd_set readable;

    gettimeofday(&now, NULL);
    if (!timercmp(&now, deadline, <))
        return 0;
    timersub(deadline, &now, &rest);
    FD_ZERO(&readable);
    FD_SET(s, &readable);
    return select(s + 1, &readable, NULL, NULL, &rest);
}

/* Receives the answer of that server: its length, or -1 if it did not come in time. */
static ssize_t receive_from(int s, const struct address_text *server, char *answer, size_t size)
{
    struct timeval deadline;
    struct sockaddr_storage from;
    struct address_text text;
    socklen_t length;
    ssize_t n;

    gettimeofday(&deadline, NULL);
    deadline.tv_sec += wait_seconds;
    while (wait_readable(s, &deadline) > 0) {
        length = sizeof from;
        if ((n = recvfrom(s, answer, size, 0, (struct sockaddr *)&from, &length)) < 0)
            break;
        address_print(&text, (struct sockaddr *)&from, length);
        if (strcmp(text.host, server->host) == 0 && strcmp(text.port, server->port) == 0)
            return n;
        fprintf(stderr, "udp-client: %s was not asked\n", text.host);
    }
    return -1;
}

static int ask_address(const struct addrinfo *server, const char *text)
{
    struct address_text name;
    char answer[1024];
    ssize_t n = -1;
    int s, try;

    address_print(&name, server->ai_addr, server->ai_addrlen);
    if ((s = socket(server->ai_family, server->ai_socktype, server->ai_protocol)) < 0) {
        fprintf(stderr, "udp-client: %s: %s\n", name.host, strerror(errno));
        return -1;
    }
    for (try = 0; try < TRIES && n < 0; try++) {
        if (sendto(s, text, strlen(text), 0, server->ai_addr, server->ai_addrlen) < 0) {
            fprintf(stderr, "udp-client: %s: %s\n", name.host, strerror(errno));
            close(s);
            return -1;
        }
        n = receive_from(s, &name, answer, sizeof answer);
    }
    close(s);
    if (n < 0) {
        fprintf(stderr, "udp-client: %s: no answer\n", name.host);
        return -1;
    }
    fprintf(stderr, "%s answers\n", name.host);
    printf("%.*s\n", (int)n, answer);
    return 0;
}

/* Asks each address of the host in turn, as far as the first that answers, from a socket of the address's family. */
static int ask_host(const char *name, const char *service, const char *text)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list, *server;
    int error, answered = -1;

    if ((error = getaddrinfo(name, service, &hints, &list)) != 0) {
        fprintf(stderr, "udp-client: %s %s: %s\n", name, service, lookup_error(error));
        return -1;
    }
    for (server = list; server != NULL && answered < 0; server = server->ai_next)
        answered = ask_address(server, text);
    freeaddrinfo(list);
    return answered;
}

int main(int argc, char *argv[])
{
    int option, times = 1;

    while ((option = getopt(argc, argv, "n:t:")) != -1 && option != '?')
        *(option == 'n' ? &times : &wait_seconds) = atoi(optarg);
    if (option != -1 || argc - optind != 3) {
        fprintf(stderr, "usage: udp-client-ported [-n times] [-t seconds] host service text\n");
        return 2;
    }
    if (!service_valid(argv[optind + 1])) {
        fprintf(stderr, "udp-client: %s: no such service\n", argv[optind + 1]);
        return 2;
    }
    for (; times > 0; times--)
        if (ask_host(argv[optind], argv[optind + 1], argv[optind + 2]) < 0)
            return 1;
    return 0;
}
