/*
 * line-client, ported: sends a line to a service of a host and prints what comes back, as finger and whois do.
 *
 *     line-client-ported host service line
 *
 * It tries the host's addresses in turn, so that one that is dead doesn't hide the others.
 * Exit status: 0 answered, 1 it failed, 2 wrong usage.
 */
#include "ported.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Only the last error is told: the user asked for the host, not for each of its addresses. */
static int connect_to_host(const char *name, const char *service)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list, *server;
    int error, s = -1;

    if ((error = getaddrinfo(name, service, &hints, &list)) != 0) {
        fprintf(stderr, "line-client: %s %s: %s\n", name, service, lookup_error(error));
        return -1;
    }
    for (server = list; server != NULL; server = server->ai_next) {
        if ((s = socket(server->ai_family, server->ai_socktype, server->ai_protocol)) < 0)
            continue;
        if (connect(s, server->ai_addr, server->ai_addrlen) == 0)
            break;
        if (server->ai_next == NULL)
            perror("line-client: connect");
        close(s);
        s = -1;
    }
    freeaddrinfo(list);
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
    int s;

    if (argc != 4) {
        fprintf(stderr, "usage: line-client-ported host service line\n");
        return 2;
    }
    if (!service_valid(argv[2])) {
        fprintf(stderr, "line-client: %s: no such service\n", argv[2]);
        return 2;
    }
    if ((s = connect_to_host(argv[1], argv[2])) < 0)
        return 1;
    if (ask(s, argv[3]) < 0) {
        perror("line-client");
        return 1;
    }
    close(s);
    return 0;
}
