/*
 * udp-client: sends a request in a datagram and prints the answer.
 *
 *     udp-client [-n times] [-t seconds] host service text
 *
 * A datagram may be lost: each address of the host is asked three times and waited for, one second each time unless
 * -t says otherwise. Anybody may send one, too: only an answer from the address and port that were asked counts. The
 * answer goes to standard output, who gave it to standard error. With -n the same is asked that many times.
 * Exit status: 0 answered, 1 not, 2 wrong usage.
 */
#include <sys/types.h>

#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
static ssize_t receive_from(int s, const struct sockaddr_in *server, char *answer, size_t size)
{
    struct timeval deadline;
    struct sockaddr_in from;
    socklen_t length;
    ssize_t n;

    gettimeofday(&deadline, NULL);
    deadline.tv_sec += wait_seconds;
    while (wait_readable(s, &deadline) > 0) {
        length = sizeof from;
        if ((n = recvfrom(s, answer, size, 0, (struct sockaddr *)&from, &length)) < 0)
            break;
        if (from.sin_addr.s_addr == server->sin_addr.s_addr && from.sin_port == server->sin_port)
            return n;
        fprintf(stderr, "udp-client: %s was not asked\n", inet_ntoa(from.sin_addr));
    }
    return -1;
}

static int ask_address(int s, struct in_addr address, u_short port, const char *text)
{
    struct sockaddr_in server;
    char answer[1024];
    ssize_t n;
    int try;

    bzero(&server, sizeof server);
    server.sin_family = AF_INET;
    server.sin_addr = address;
    server.sin_port = port;
    for (try = 0; try < TRIES; try++) {
        if (sendto(s, text, strlen(text), 0, (struct sockaddr *)&server, sizeof server) < 0) {
            fprintf(stderr, "udp-client: %s: %s\n", inet_ntoa(address), strerror(errno));
            return -1;
        }
        if ((n = receive_from(s, &server, answer, sizeof answer)) >= 0) {
            fprintf(stderr, "%s answers\n", inet_ntoa(address));
            printf("%.*s\n", (int)n, answer);
            return 0;
        }
    }
    fprintf(stderr, "udp-client: %s: no answer\n", inet_ntoa(address));
    return -1;
}

/* Asks each address of the host in turn, as far as the first that answers. */
static int ask_host(int s, const char *name, u_short port, const char *text)
{
    struct in_addr address;
    struct hostent *host;
    char **list;

    if (inet_aton(name, &address))
        return ask_address(s, address, port, text);
    if ((host = gethostbyname(name)) == NULL) {
        fprintf(stderr, "udp-client: %s: %s\n", name, hstrerror(h_errno));
        return -1;
    }
    for (list = host->h_addr_list; *list != NULL; list++) {
        bcopy(*list, &address, sizeof address);
        if (ask_address(s, address, port, text) == 0)
            return 0;
    }
    return -1;
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
    int option, s, times = 1;
    u_short port;

    while ((option = getopt(argc, argv, "n:t:")) != -1 && option != '?')
        *(option == 'n' ? &times : &wait_seconds) = atoi(optarg);
    if (option != -1 || argc - optind != 3) {
        fprintf(stderr, "usage: udp-client [-n times] [-t seconds] host service text\n");
        return 2;
    }
    if ((port = service_port(argv[optind + 1])) == 0) {
        fprintf(stderr, "udp-client: %s: no such service\n", argv[optind + 1]);
        return 2;
    }
    if ((s = socket(AF_INET, SOCK_DGRAM, 0)) < 0) {
        perror("udp-client: socket");
        return 1;
    }
    for (; times > 0; times--)
        if (ask_host(s, argv[optind], port, argv[optind + 2]) < 0)
            return 1;
    return 0;
}
