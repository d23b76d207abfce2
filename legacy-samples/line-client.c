/*
 * line-client: sends a line to a service of a host and prints what comes back, as finger and whois do.
 *
 *     line-client host service line
 *
 * Of the host's addresses it takes the first, as most programs of its time.
 * Exit status: 0 answered, 1 it failed, 2 wrong usage.
 */
#include <sys/types.h>

#include <sys/socket.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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

static int connect_to_host(const char *name, u_short port)
{
    struct sockaddr_in server;
    struct hostent *host;
    int s;

    if ((host = gethostbyname(name)) == NULL) {
        fprintf(stderr, "line-client: %s: %s\n", name, hstrerror(h_errno));
        return -1;
    }
    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0) {
        perror("line-client: socket");
        return -1;
    }
    bzero(&server, sizeof server);
    server.sin_family = AF_INET;
    bcopy(host->h_addr, (char *)&server.sin_addr, (size_t)host->h_length);
    server.sin_port = port;
    if (connect(s, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("line-client: connect");
        close(s);
        return -1;
    }
    return s;
}

/* Sends the line, and copies the answer as far as its end. */
static int ask(int s, const char *line)
{
    char buffer[1024];
    ssize_t n;

    snprintf(buffer, sizeof buffer, "%s\r\n", line);
    if (write(s, buffer, strlen(buffer)) < 0)
        return -1;
    shutdown(s, SHUT_WR);
    while ((n = read(s, buffer, sizeof buffer)) > 0)
        fwrite(buffer, 1, (size_t)n, stdout);
    return (int)n;
}

int main(int argc, char *argv[])
{
    u_short port;
    int s;

    if (argc != 4) {
        fprintf(stderr, "usage: line-client host service line\n");
        return 2;
    }
    if ((port = service_port(argv[2])) == 0) {
        fprintf(stderr, "line-client: %s: no such service\n", argv[2]);
        return 2;
    }
    if ((s = connect_to_host(argv[1], port)) < 0)
        return 1;
    if (ask(s, argv[3]) < 0) {
        perror("line-client");
        return 1;
    }
    close(s);
    return 0;
}
