/*
 * udp-server: answers each datagram with its text in capitals.
 *
 *     udp-server [-n requests] port
 *
 * Who asked is logged on standard output. With -n it ends after that many requests.
 */
#include <sys/types.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int open_socket(u_short port)
{
    struct sockaddr_in local;
    int error, s;

    if ((s = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
        return -1;
    bzero(&local, sizeof local);
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = INADDR_ANY;
    local.sin_port = port;
    if (bind(s, (struct sockaddr *)&local, sizeof local) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    return s;
}

/* Takes one request and answers it; -1 if there was none. */
static int serve_request(int s)
{
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    char buffer[1024];
    ssize_t n, i;

    if ((n = recvfrom(s, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &length)) < 0) {
        perror("udp-server: recvfrom");
        return -1;
    }
    printf("%s asked with %ld bytes\n", inet_ntoa(client.sin_addr), (long)n);
    for (i = 0; i < n; i++)
        buffer[i] = (char)toupper((unsigned char)buffer[i]);
    if (sendto(s, buffer, (size_t)n, 0, (struct sockaddr *)&client, length) < 0)
        perror("udp-server: sendto");
    return 0;
}

/* The port of a service, by name or by number, in network order; 0 if there is none. */
static u_short service_port(const char *service)
{
    struct servent *entry = getservbyname(service, "udp");
    int port;

    if (entry != NULL)
        return (u_short)entry->s_port;
    port = atoi(service);
    return port > 0 && port < 65536 ? htons((u_short)port) : 0;
}

int main(int argc, char *argv[])
{
    int option, s, limit = 0, served = 0;
    u_short port;

    while ((option = getopt(argc, argv, "n:")) == 'n')
        limit = atoi(optarg);
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: udp-server [-n requests] port\n");
        return 2;
    }
    if ((port = service_port(argv[optind])) == 0) {
        fprintf(stderr, "udp-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    setlinebuf(stdout);
    if ((s = open_socket(port)) < 0) {
        fprintf(stderr, "udp-server: port %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    printf("listening on port %d\n", ntohs(port));
    while (limit == 0 || served < limit)
        if (serve_request(s) == 0)
            served++;
    return 0;
}
