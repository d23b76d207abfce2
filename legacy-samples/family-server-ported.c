/*
 * family-server, ported: numbers the lines that a client sends. One process for the port and the family, one more for
 * each client. Two of them, side by side on the same port, serve both families:
 *
 *     family-server-ported -4 port &
 *     family-server-ported -6 port &
 *
 * Without either it is -4, so that an old start-up script goes on meaning what it meant.
 * Who comes and goes is logged on standard output. With -c file it counts its clients in a file, from one run to the
 * next; both processes may be given the same one. With -n it ends after that many clients.
 */
#include "ported.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_SECONDS = 60 };

/*
 * Opens the port for that family. IPV6_V6ONLY leaves IPv4 to the process beside this one, whichever of the two is
 * started first.
 */
static int open_listener(const struct addrinfo *local)
{
    int error, s, on = 1;

    if ((s = socket(local->ai_family, local->ai_socktype, local->ai_protocol)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((local->ai_family == AF_INET6 && setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) ||
        bind(s, local->ai_addr, local->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    return s;
}

static int open_port(const char *port, int family)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *local;
    int error, s;

    if ((error = getaddrinfo(NULL, port, &hints, &local)) != 0) {
        fprintf(stderr, "family-server: port %s: %s\n", port, lookup_error(error));
        return -1;
    }
    if ((s = open_listener(local)) < 0)
        fprintf(stderr, "family-server: port %s: %s\n", port, strerror(errno));
    freeaddrinfo(local);
    return s;
}

/*
 * Adds one to the number in the file. The process of the other family does so too: from reading to writing the file
 * is locked, or one of two clients who come at once would be lost. The lock goes with the descriptor, also where the
 * process dies between the two.
 */
static void count_client(const char *name)
{
    char text[24] = "";
    int length, fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0 || flock(fd, LOCK_EX) < 0 || pread(fd, text, sizeof text - 1, 0) < 0)
        perror(name);
    else {
        length = snprintf(text, sizeof text, "%ld\n", atol(text) + 1);
        if (pwrite(fd, text, (size_t)length, 0) != length)
            perror(name);
    }
    if (fd >= 0)
        close(fd);
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
static int accept_client(int listener, const char *count_file)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    struct address_text text;

    if (s < 0) {
        perror("family-server: accept");
        sleep(1);
        return -1;
    }
    address_print(&text, (struct sockaddr *)&peer, length);
    printf("%s connected\n", text.host);
    if (count_file != NULL)
        count_client(count_file);
    switch (fork()) {
    case -1:
        perror("family-server: fork");
        break;
    case 0:
        close(listener);
        serve_client(s, text.host);
        exit(0);
    default:
        break;
    }
    close(s);
    return 0;
}

int main(int argc, char *argv[])
{
    int option, listener, family = AF_INET, limit = 0, served = 0;
    const char *count_file = NULL;

    while ((option = getopt(argc, argv, "46c:n:")) != -1 && option != '?') {
        if (option == 'c')
            count_file = optarg;
        else if (option == 'n')
            limit = atoi(optarg);
        else
            family = option == '6' ? AF_INET6 : AF_INET;
    }
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: family-server-ported [-4 | -6] [-c file] [-n clients] port\n");
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
        if (accept_client(listener, count_file) == 0)
            served++;
    while (wait(NULL) > 0)
        ;
    return 0;
}
