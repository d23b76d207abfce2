/*
 * access-server, ported: tells each client how much it sent, one after the other, if it comes from where it may. One
 * socket serves both families; there an IPv4 peer looks like ::ffff:192.0.2.1 (a mapped address).
 *
 *     access-server-ported [-a address/bits]... [-n clients] port
 *
 * With -a only those networks, of either family, are served; others are let in and shown the door. Who comes is
 * logged on standard output. With -n it ends after that many clients.
 */
#include "ported.h"

#include <sys/time.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NETWORKS = 32, BYTE_BITS = 8, IDLE_SECONDS = 10 };

/* The first bits of an address, which mean nothing without its family. */
struct network {
    sa_family_t family;
    int bits;
    unsigned char bytes[sizeof(struct in6_addr)];
};

static struct network networks[MAX_NETWORKS];
static int network_count;

/*
 * The bytes of an address; how many bits they are. A mapped address is IPv4's: address_unmap is for peers and rules
 * alike, so that 192.0.2.0/24 means the same however it is written and however the peer came. That is the one thing
 * that a server of this kind must not forget: to compare ::ffff:192.0.2.1 with the rules as it is lets in or keeps
 * out all of IPv4.
 */
static int address_bytes(const struct sockaddr_storage *address, unsigned char bytes[sizeof(struct in6_addr)])
{
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;

    if (address->ss_family == AF_INET6) {
        memcpy(&ipv6, address, sizeof ipv6);
        memcpy(bytes, &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
        return (int)sizeof ipv6.sin6_addr * BYTE_BITS;
    }
    memcpy(&ipv4, address, sizeof ipv4);
    memcpy(bytes, &ipv4.sin_addr, sizeof ipv4.sin_addr);
    return (int)sizeof ipv4.sin_addr * BYTE_BITS;
}

/* 192.0.2.0/24, 2001:db8::/32, or an address alone for one host; -1 if it is none. Changes the text. */
static int add_network(char *text)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *list;
    struct network *network = &networks[network_count];
    struct sockaddr_storage address;
    socklen_t length, mapped_length;
    char *slash = strchr(text, '/');
    int bits;

    if (slash != NULL)
        *slash = '\0';
    if (network_count == MAX_NETWORKS || getaddrinfo(text, NULL, &hints, &list) != 0)
        return -1;
    mapped_length = length = list->ai_addrlen;
    memcpy(&address, list->ai_addr, length);
    freeaddrinfo(list);
    address_unmap(&address, &length);
    network->family = address.ss_family;
    bits = address_bytes(&address, network->bytes);
    network->bits = slash != NULL ? atoi(slash + 1) : bits;
    if (slash != NULL && length != mapped_length)
        network->bits -=
            (int)(sizeof(struct in6_addr) - sizeof(struct in_addr)) * BYTE_BITS; /* ::ffff:192.0.2.0/120 */
    if (network->bits < 1 || network->bits > bits)
        return -1;
    network_count++;
    return 0;
}

static int is_inside(const struct network *network, const unsigned char *bytes)
{
    int whole = network->bits / BYTE_BITS, rest = network->bits % BYTE_BITS;

    return memcmp(network->bytes, bytes, (size_t)whole) == 0 &&
           (rest == 0 || ((network->bytes[whole] ^ bytes[whole]) >> (BYTE_BITS - rest)) == 0);
}

static int is_allowed(const struct sockaddr_storage *peer)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    int i;

    address_bytes(peer, bytes);
    for (i = 0; i < network_count; i++)
        if (networks[i].family == peer->ss_family && is_inside(&networks[i], bytes))
            return 1;
    return network_count == 0;
}

/*
 * The socket for both families (RFC 3493, section 3.7; RFC 4038, section 4.2). IPV6_V6ONLY is switched off in words,
 * because what it is without that differs: on Linux the administrator's choice (net.ipv6.bindv6only), on for FreeBSD,
 * NetBSD and Windows, and on OpenBSD it can't be switched off.
 */
static int open_listener(const struct addrinfo *local)
{
    int error, s, on = 1, off = 0;

    if ((s = socket(local->ai_family, local->ai_socktype, local->ai_protocol)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((local->ai_family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
        bind(s, local->ai_addr, local->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    return s;
}

/* A kernel without IPv6 has no such socket: then one for IPv4 is all that there can be. */
static int open_port(const char *port)
{
    const int families[] = {AF_INET6, AF_INET};
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *local;
    int error, i, s = -1;

    errno = EAFNOSUPPORT;
    for (i = 0; i < 2 && s < 0 && errno == EAFNOSUPPORT; i++) {
        hints.ai_family = families[i];
        if ((error = getaddrinfo(NULL, port, &hints, &local)) != 0) {
            fprintf(stderr, "access-server: port %s: %s\n", port, lookup_error(error));
            return -1;
        }
        s = open_listener(local);
        error = errno;
        freeaddrinfo(local);
        errno = error;
    }
    if (s < 0)
        fprintf(stderr, "access-server: port %s: %s\n", port, strerror(errno));
    return s;
}

/* Reads all that the client sends, and says how much that was. */
static void count_bytes(int s)
{
    struct timeval limit = {.tv_sec = IDLE_SECONDS};
    char buffer[1024];
    long total = 0;
    ssize_t n;

    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while ((n = read(s, buffer, sizeof buffer)) > 0)
        total += n;
    snprintf(buffer, sizeof buffer, "%ld bytes\n", total);
    if (write(s, buffer, strlen(buffer)) < 0)
        perror("access-server: write");
}

/* Takes one client; -1 if there was none to take. */
static int serve_client(int listener)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct address_text text;
    int allowed, s = accept(listener, (struct sockaddr *)&peer, &length);

    if (s < 0) {
        perror("access-server: accept");
        sleep(1);
        return -1;
    }
    address_unmap(&peer, &length); /* once, before the first use: rules and log then agree */
    allowed = is_allowed(&peer);
    printf("%s %s\n", address_print(&text, (struct sockaddr *)&peer, length)->host, allowed ? "served" : "refused");
    if (allowed)
        count_bytes(s);
    close(s);
    return 0;
}

int main(int argc, char *argv[])
{
    int option, listener, limit = 0, served = 0;

    while ((option = getopt(argc, argv, "a:n:")) != -1 && option != '?')
        if (option == 'n') {
            limit = atoi(optarg);
        } else if (add_network(optarg) < 0) {
            fprintf(stderr, "access-server: %s: no network, or one too many\n", optarg);
            return 2;
        }
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: access-server-ported [-a address/bits]... [-n clients] port\n");
        return 2;
    }
    if (!service_valid(argv[optind])) {
        fprintf(stderr, "access-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setlinebuf(stdout);
    if ((listener = open_port(argv[optind])) < 0)
        return 1;
    printf("listening on port %s\n", argv[optind]);
    while (limit == 0 || served < limit)
        if (serve_client(listener) == 0)
            served++;
    return 0;
}
