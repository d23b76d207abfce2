/*
 * udp-server, ported: answers each datagram with its text in capitals, over both families.
 *
 *     udp-server-ported [-n requests] port
 *
 * Who asked is logged on standard output. With -n it ends after that many requests.
 */
#include "ported.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One socket for each family that this machine has. */
enum { MAX_SOCKETS = 8 };
static struct pollfd sockets[MAX_SOCKETS];
static nfds_t socket_count;

/*
 * IPV6_V6ONLY makes the IPv6 socket leave IPv4 to the other one. For datagrams that is a matter of safety as well:
 * one socket for both families would believe a forged IPv6 packet from ::ffff:127.0.0.1.
 */
static int open_socket(const struct addrinfo *local)
{
    int error, s, on = 1;

    if ((s = socket(local->ai_family, local->ai_socktype, local->ai_protocol)) < 0)
        return -1;
    if ((local->ai_family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(s, local->ai_addr, local->ai_addrlen) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    return s;
}

/* Opens a socket for each wildcard address; fails if one can't be had for another reason than a missing family. */
static int open_sockets(const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list, *local;
    int error, s;

    if ((error = getaddrinfo(NULL, port, &hints, &list)) != 0) {
        fprintf(stderr, "udp-server: port %s: %s\n", port, lookup_error(error));
        return -1;
    }
    error = EAFNOSUPPORT;
    for (local = list; local != NULL && socket_count < MAX_SOCKETS; local = local->ai_next) {
        if ((s = open_socket(local)) >= 0) {
            sockets[socket_count++] = (struct pollfd){.fd = s, .events = POLLIN};
        } else if (errno != EAFNOSUPPORT) {
            error = errno;
            socket_count = 0;
            break;
        }
    }
    freeaddrinfo(list);
    if (socket_count == 0) {
        fprintf(stderr, "udp-server: port %s: %s\n", port, strerror(error));
        return -1;
    }
    return 0;
}

/*
 * Takes one request and answers it; -1 if there was none. MSG_DONTWAIT, because a datagram that made poll return may
 * be gone by now: one with a wrong checksum is dropped where it is read. To wait for another one here would be to
 * leave the other socket alone.
 */
static int serve_request(int s)
{
    struct sockaddr_storage client;
    socklen_t length = sizeof client;
    struct address_text text;
    char buffer[1024];
    ssize_t n, i;

    if ((n = recvfrom(s, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)&client, &length)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            perror("udp-server: recvfrom");
        return -1;
    }
    printf("%s asked with %ld bytes\n", address_print(&text, (struct sockaddr *)&client, length)->host, (long)n);
    for (i = 0; i < n; i++)
        buffer[i] = (char)toupper((unsigned char)buffer[i]);
    if (sendto(s, buffer, (size_t)n, 0, (struct sockaddr *)&client, length) < 0)
        perror("udp-server: sendto");
    return 0;
}

int main(int argc, char *argv[])
{
    int option, limit = 0, served = 0;
    nfds_t i;

    while ((option = getopt(argc, argv, "n:")) == 'n')
        limit = atoi(optarg);
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: udp-server-ported [-n requests] port\n");
        return 2;
    }
    if (!service_valid(argv[optind])) {
        fprintf(stderr, "udp-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    setlinebuf(stdout);
    if (open_sockets(argv[optind]) < 0)
        return 1;
    printf("listening on port %s\n", argv[optind]);
    while (limit == 0 || served < limit) {
        if (poll(sockets, socket_count, -1) < 0) {
            if (errno == EINTR)
                continue;
            perror("udp-server: poll");
            return 1;
        }
        for (i = 0; i < socket_count; i++)
            if (sockets[i].revents != 0 && serve_request(sockets[i].fd) == 0)
                served++;
    }
    return 0;
}
