/*
 * family-server: numbers the lines that a client sends. One process for the port, one more for each client.
 *
 *     family-server [-c file] [-n clients] port
 *
 * Who comes and goes is logged on standard output. With -c it counts its clients in a file, from one run to the next.
 * With -n it ends after that many clients.
 */
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/wait.h>

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

enum { IDLE_SECONDS = 60 };

static int open_listener(u_short port)
{
    struct sockaddr_in local;
    int error, s, on = 1;

    if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        return -1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, (char *)&on, sizeof on);
    bzero(&local, sizeof local);
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = INADDR_ANY;
    local.sin_port = port;
    if (bind(s, (struct sockaddr *)&local, sizeof local) < 0 || listen(s, SOMAXCONN) < 0) {
        error = errno;
        close(s); /* which may change errno */
        errno = error;
        return -1;
    }
    return s;
}

/* Adds one to the number in the file. Nobody else writes there: this process has the port. */
static void count_client(const char *name)
{
    FILE *file = fopen(name, "r");
    long count = 0;

    if (file != NULL) {
        if (fscanf(file, "%ld", &count) != 1)
            count = 0;
        fclose(file);
    }
    if ((file = fopen(name, "w")) == NULL || fprintf(file, "%ld\n", count + 1) < 0)
        perror(name);
    if (file != NULL)
        fclose(file);
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
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    char text[16];

    if (s < 0) {
        perror("family-server: accept");
        sleep(1);
        return -1;
    }
    strcpy(text, inet_ntoa(peer.sin_addr));
    printf("%s connected\n", text);
    if (count_file != NULL)
        count_client(count_file);
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
    char *count_file = NULL;
    u_short port;

    while ((option = getopt(argc, argv, "c:n:")) != -1 && option != '?')
        if (option == 'n')
            limit = atoi(optarg);
        else
            count_file = optarg;
    if (option != -1 || argc - optind != 1) {
        fprintf(stderr, "usage: family-server [-c file] [-n clients] port\n");
        return 2;
    }
    if ((port = service_port(argv[optind])) == 0) {
        fprintf(stderr, "family-server: %s: no such service\n", argv[optind]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* no zombies */
    setlinebuf(stdout);
    if ((listener = open_listener(port)) < 0) {
        fprintf(stderr, "family-server: port %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    printf("listening on port %d\n", ntohs(port));
    while (limit == 0 || served < limit)
        if (accept_client(listener, count_file) == 0)
            served++;
    while (wait(NULL) > 0)
        ;
    return 0;
}
