/*
 * family-server, ported: numbers the lines that a client sends. One process for the port and the family, one more for
 * each client. Two of them, side by side on the same port, serve both families:
 *
 *     family-server-ported -4 port &
 *     family-server-ported -6 port &
 *
 * Without either it is -4, so that an old start-up script goes on meaning what it meant; -n as ever.
 * Who comes and goes is logged on standard output. With -n it ends after that many clients.
 */
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_SECONDS = 60 };

/*
 * Opens the first local address of that family. IPV6_V6ONLY leaves IPv4 to the process beside this one, whichever of
 * the two is started first.
 */
static int open_listener(const struct addrinfo *list, int family)
{
    const struct addrinfo *local = list;
    int s, on = 1;

    while (local != NULL && local->ai_family != family)
        local = local->ai_next;
    if (local == NULL) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if ((s = socket(local->ai_family, local->ai_socktype, local->ai_protocol)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(s, local->ai_addr, local->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        close(s);
        return -1;
    }
    return s;
}

static int open_port(const char *port, int family)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    int error, s;

    if ((error = getaddrinfo(NULL, port, &hints, &list)) != 0) {
        fprintf(stderr, "family-server: port %s: %s\n", port,
                error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }
    if ((s = open_listener(list, family)) < 0)
        fprintf(stderr, "family-server: port %s: %s\n", port, strerror(errno));
    freeaddrinfo(list);
    return s;
}

/* Runs in a process of its own. */
static void serve_client(int s, const char *peer)
{
    FILE *in = fdopen(s, "r"), *out = fdopen(dup(s), "w");
    int lines = 0, at_line_start = 1;
    char buffer[1024];

    if (in == NULL || out == NULL)
        return;
    alarm(IDLE_SECONDS);
    while (fgets(buffer, sizeof buffer, in) != NULL) {
        if (at_line_start)
            fprintf(out, "%6d  ", ++lines);
        at_line_start = strchr(buffer, '\n') != NULL;
        fputs(buffer, out);
        if (fflush(out) == EOF)
            break;
        alarm(IDLE_SECONDS);
    }
    fclose(out);
    fclose(in);
    printf("%s closed after %d lines\n", peer, lines);
}

/* Takes one client; -1 if there was none to take. */
static int accept_client(int listener)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    char text[NI_MAXHOST];

    if (s < 0) {
        perror("family-server: accept");
        sleep(1);
        return -1;
    }
    if (getnameinfo((struct sockaddr *)&peer, length, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        strcpy(text, "?");
    printf("%s connected\n", text);
    switch (fork()) {
    case -1:
        perror("family-server: fork");
        break;
    case 0:
        close(listener);
        serve_client(s, text);
        exit(0);
    default:
        break;
    }
    close(s);
    return 0;
}

/*
 * Whether a service is a name or a number that a port can have. The check is our own because glibc's getaddrinfo
 * takes 65543 and cuts it down to 7.
 */
static int service_valid(const char *service)
{
    char *end;
    long port = strtol(service, &end, 10);

    return *end != '\0' || (port > 0 && port < 65536);
}

int main(int argc, char *argv[])
{
    int option, listener, family = AF_INET, limit = 0, served = 0;

    while ((option = getopt(argc, argv, "46n:")) != -1 && option != '?') {
        if (option == 'n')
            limit = atoi(optarg);
        else
            family = option == '6' ? AF_INET6 : AF_INET;
    }
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: family-server-ported [-4 | -6] [-n clients] port\n");
        return 2;
    }
    if (!service_valid(argv[optind])) {
        fprintf(stderr, "family-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* no zombies */
    setlinebuf(stdout);
    if ((listener = open_port(argv[optind], family)) < 0)
        return 1;
    printf("listening on port %s\n", argv[optind]);
    while (limit == 0 || served < limit)
        if (accept_client(listener) == 0)
            served++;
    while (wait(NULL) > 0)
        ;
    return 0;
}
