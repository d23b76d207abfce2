/*
 * access-server: tells each client how much it sent, one after the other, if it comes from where it may.
 *
 *     access-server [-a address/bits]... [-n clients] port
 *
 * With -a only those networks are served; others are let in and shown the door. Who comes is logged on standard
 * output. With -n it ends after that many clients.
 */
#include <sys/types.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_NETWORKS = 32, ADDRESS_BITS = 32, IDLE_SECONDS = 10 };

/* In network order. */
struct network {
    u_int address, mask;
};

static struct network networks[MAX_NETWORKS];
static int network_count;

/* 192.0.2.0/24, or 192.0.2.1 for one host; -1 if it is neither. Changes the text. */
static int add_network(char *text)
{
    struct network *network = &networks[network_count];
    char *slash = strchr(text, '/');
    int bits = slash != NULL ? atoi(slash + 1) : ADDRESS_BITS;

    if (slash != NULL)
        *slash = '\0';
    network->address = inet_addr(text);
    if (network_count == MAX_NETWORKS || network->address == INADDR_NONE || bits < 1 || bits > ADDRESS_BITS)
        return -1;
    network->mask = htonl(0xffffffff << (ADDRESS_BITS - bits));
    network_count++;
    return 0;
}

static int is_allowed(struct in_addr peer)
{
    int i;

    for (i = 0; i < network_count; i++)
        if (((peer.s_addr ^ networks[i].address) & networks[i].mask) == 0)
            return 1;
    return network_count == 0;
}

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
    return s;
}

/* Reads all that the client sends, and says how much that was. */
static void count_bytes(int s)
{
    struct timeval limit;
    char buffer[1024];
    long total = 0;
    ssize_t n;

    limit.tv_sec = IDLE_SECONDS;
    limit.tv_usec = 0;
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (char *)&limit, sizeof limit);
    while ((n = read(s, buffer, sizeof buffer)) > 0)
        total += n;
    snprintf(buffer, sizeof buffer, "%ld bytes\n", total);
    if (write(s, buffer, strlen(buffer)) < 0)
        perror("access-server: write");
}

/* Takes one client; -1 if there was none to take. */
static int serve_client(int listener)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int allowed, s = accept(listener, (struct sockaddr *)&peer, &length);

    if (s < 0) {
        perror("access-server: accept");
        sleep(1);
        return -1;
    }
    allowed = is_allowed(peer.sin_addr);
    printf("%s %s\n", inet_ntoa(peer.sin_addr), allowed ? "served" : "refused");
    if (allowed)
        count_bytes(s);
    close(s);
    return 0;
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
    int option, listener, limit = 0, served = 0;
    u_short port;

    while ((option = getopt(argc, argv, "a:n:")) != -1 && option != '?')
        if (option == 'n') {
            limit = atoi(optarg);
        } else if (add_network(optarg) < 0) {
            fprintf(stderr, "access-server: %s: no network, or one too many\n", optarg);
            return 2;
        }
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: access-server [-a address/bits]... [-n clients] port\n");
        return 2;
    }
    if ((port = service_port(argv[optind])) == 0) {
        fprintf(stderr, "access-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setlinebuf(stdout);
    if ((listener = open_listener(port)) < 0) {
        fprintf(stderr, "access-server: port %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    printf("listening on port %d\n", ntohs(port));
    while (limit == 0 || served < limit)
        if (serve_client(listener) == 0)
            served++;
    return 0;
}
