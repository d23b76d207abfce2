/*
 * remote-client: runs a command on another host, as rsh does.
 *
 *     remote-client [-l user] host service command
 *
 * What the command prints comes to standard output, what it complains of to standard error. Root only: the other host
 * trusts who calls from a reserved port.
 * Exit status: 0 the command was run, 1 it was refused or could not be asked for, 2 wrong usage.
 */
#include <sys/types.h>

#include <sys/select.h>
#include <sys/socket.h>

#include <netdb.h>
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
    struct passwd *me = getpwuid(getuid());
    const char *user = me != NULL ? me->pw_name : "?";
    int option, output, errors;
    u_short port;
    char *host;

    while ((option = getopt(argc, argv, "l:")) == 'l')
        user = optarg;
    if (option != -1 || argc - optind != 3) {
        fprintf(stderr, "usage: remote-client [-l user] host service command\n");
        return 2;
    }
    if ((port = service_port(argv[optind + 1])) == 0) {
        fprintf(stderr, "remote-client: %s: no such service\n", argv[optind + 1]);
        return 2;
    }
    host = argv[optind];
    /* On failure it has said why itself. */
    if ((output = rcmd(&host, port, me != NULL ? me->pw_name : "?", user, argv[optind + 2], &errors)) < 0)
        return 1;
    shutdown(output, SHUT_WR);
    copy_both(output, errors);
    return 0;
}
