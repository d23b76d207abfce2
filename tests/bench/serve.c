/*
 * serve: how long a server takes over one connection (accept, close) or one datagram (recvfrom, sendto), its clients'
 * time not counted. Prints ns, the median of the batches.
 *
 *     serve [-n BATCHES] tcp|udp ADDRESS
 *
 * The clients come to that address of this machine, and from it. The old server binds 0.0.0.0; the ported twin binds
 * :: for both families.
 */
#include <arpa/inet.h>

#include "bench.h"

#define BATCH        64
#define BATCHES_MOST 100000

static in_port_t port;

static int open_server(int type)
{
    destination local = {0};
    socklen_t length = sizeof local;
#ifdef PORTED
    struct sockaddr_in6 *bound = (struct sockaddr_in6 *)(void *)&local;
    int s = need(socket(AF_INET6, type, 0), "socket"), off = 0;
    need(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), "IPV6_V6ONLY");
    bound->sin6_family = AF_INET6;
    need(bind(s, (struct sockaddr *)bound, sizeof *bound), "bind");
    need(getsockname(s, (struct sockaddr *)bound, &length), "getsockname");
    port = bound->sin6_port;
#else
    int s = need(socket(AF_INET, type, 0), "socket");
    local.sin_family = AF_INET;
    need(bind(s, (struct sockaddr *)&local, sizeof local), "bind");
    need(getsockname(s, (struct sockaddr *)&local, &length), "getsockname");
    port = local.sin_port;
#endif
    if (type == SOCK_STREAM)
        need(listen(s, BACKLOG), "listen");
    return s;
}

/* A client, connected to the server. A TCP one ends with a reset. */
static int raw_client(const char *host, int type)
{
    int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET, s = raw_socket(family, type);
    struct linger at_once = {.l_onoff = 1};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = port};
    inet_pton(family, host, family == AF_INET ? (void *)&ipv4.sin_addr : (void *)&ipv6.sin6_addr);
    need(syscall(SYS_setsockopt, s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
    need(family == AF_INET ? syscall(SYS_connect, s, &ipv4, sizeof ipv4)
                           : syscall(SYS_connect, s, &ipv6, sizeof ipv6),
         "connect");
    return s;
}

static double serve_connections(int listener, const char *host)
{
    int clients[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        clients[i] = raw_client(host, SOCK_STREAM);
    double began_ns = now_ns();
    for (unsigned i = 0; i < BATCH; i++) {
        destination peer;
        socklen_t length = sizeof peer;
        close(need(accept(listener, (struct sockaddr *)(void *)&peer, &length), "accept"));
    }
    double took_ns = now_ns() - began_ns;
    for (unsigned i = 0; i < BATCH; i++)
        raw_close(clients[i]);
    return took_ns / BATCH;
}

static double serve_datagrams(int server, int client)
{
    char data[64] = "How do you do?";
    for (unsigned i = 0; i < BATCH; i++)
        need(syscall(SYS_sendto, client, data, sizeof data, 0, NULL, 0), "send");
    double began_ns = now_ns();
    for (unsigned i = 0; i < BATCH; i++) {
        destination peer;
        socklen_t length = sizeof peer;
        ssize_t size = recvfrom(server, data, sizeof data, 0, (struct sockaddr *)(void *)&peer, &length);
        need(sendto(server, data, (size_t)size, 0, (struct sockaddr *)(void *)&peer, length), "sendto");
    }
    double took_ns = now_ns() - began_ns;
    for (unsigned i = 0; i < BATCH; i++)
        need(syscall(SYS_recvfrom, client, data, sizeof data, 0, NULL, NULL), "receive");
    return took_ns / BATCH;
}

int main(int argc, char **argv)
{
    static double batches[BATCHES_MOST];
    unsigned count = 200;
    for (int option; (option = getopt(argc, argv, "n:")) != -1;) {
        if (option != 'n')
            return 2;
        count = number(optarg);
    }
    if (argc - optind != 2 || count < 1 || count > BATCHES_MOST)
        return 2;
    int type = strcmp(argv[optind], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    const char *host = argv[optind + 1];
    int server = open_server(type), client = type == SOCK_DGRAM ? raw_client(host, type) : -1;
    for (unsigned i = 0; i < count; i++)
        batches[i] = type == SOCK_STREAM ? serve_connections(server, host) : serve_datagrams(server, client);
    printf("%.1f\n", quantile(batches, count, 0.5));
    return 0;
}
