/*
 * remote-client, ported: runs a command on another host, as rsh does.
 *
 *     remote-client-ported [-l user] host service command
 *
 * What the command prints comes to standard output, what it complains of to standard error. Root only: the other host
 * trusts who calls from a reserved port.
 * Exit status: 0 the command was run, 1 it was refused or could not be asked for, 2 wrong usage.
 */
#include "ported.h"

#include <sys/select.h>

#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Copies what is there; 0 at the end. */
static int copy_some(int from, int to)
{
    char buffer[1024];
    ssize_t size = read(from, buffer, sizeof buffer);

    return size > 0 && write(to, buffer, size) == size;
}

static void copy_both(int output, int errors)
{
    fd_set wanted;

    while (output >= 0 || errors >= 0) {
        FD_ZERO(&wanted);
        if (output >= 0)
            FD_SET(output, &wanted);
        if (errors >= 0)
            FD_SET(errors, &wanted);
        if (select((output > errors ? output : errors) + 1, &wanted, NULL, NULL, NULL) < 0)
            return;
        if (output >= 0 && FD_ISSET(output, &wanted) && !copy_some(output, STDOUT_FILENO))
            output = -1;
        if (errors >= 0 && FD_ISSET(errors, &wanted) && !copy_some(errors, STDERR_FILENO))
            errors = -1;
    }
}

/*
 * The port of a service, by name or by number, in network order, which is how rcmd_af wants it; 0 if there is none,
 * and then it has said why. It is the same in each address of the list.
 */
static in_port_t service_port(const char *service)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    struct address_text text;
    int error;

    if (!service_valid(service)) {
        fprintf(stderr, "remote-client: %s: no such service\n", service);
        return 0;
    }
    if ((error = getaddrinfo(NULL, service, &hints, &list)) != 0) {
        fprintf(stderr, "remote-client: %s: %s\n", service, lookup_error(error));
        return 0;
    }
    address_print(&text, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return htons((in_port_t)atoi(text.port));
}

int main(int argc, char *argv[])
{
    struct passwd *me = getpwuid(getuid());
    const char *user = me != NULL ? me->pw_name : "?";
    int option, output, errors;
    in_port_t port;
    char *host;

    while ((option = getopt(argc, argv, "l:")) == 'l')
        user = optarg;
    if (option != -1 || argc - optind != 3) {
        fprintf(stderr, "usage: remote-client-ported [-l user] host service command\n");
        return 2;
    }
    if ((port = service_port(argv[optind + 1])) == 0)
        return 2;
    host = argv[optind];
    /* Tries each address of the host, of either family. On failure it has said why itself. */
    if ((output = rcmd_af(&host, port, me != NULL ? me->pw_name : "?", user, argv[optind + 2], &errors, AF_UNSPEC)) <
        0)
        return 1;
    shutdown(output, SHUT_WR);
    copy_both(output, errors);
    return 0;
}
