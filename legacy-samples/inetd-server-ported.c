/*
 * inetd-server, ported: tells who a user is, as finger does. A super-server starts it for each connection, which is
 * then its standard input and output:
 *
 *     finger stream tcp6 nowait nobody /usr/local/libexec/inetd-server-ported inetd-server [-l logfile]
 *
 * The client sends a login name and a line end, and gets a line back. Who asked goes to syslog, or to the log file.
 */
#include "ported.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { IDLE_SECONDS = 60 };

/* Writes to the log file where one is given: syslog's time and pid would differ from run to run. */
static void log_line(const char *file, const char *line)
{
    FILE *log;

    if (file == NULL) {
        syslog(LOG_INFO, "%s", line);
    } else if ((log = fopen(file, "a")) != NULL) {
        fprintf(log, "%s\n", line);
        fclose(log);
    }
}

/*
 * The name of a peer. Whoever runs the peer's part of the reverse zone can put any name there, so a name counts only
 * if its own addresses contain the peer's. Compared as text, which has one form for each address of either family.
 */
static const char *peer_name(const struct sockaddr *peer, socklen_t length, const char *peer_text)
{
    static char name[NI_MAXHOST];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list, *entry;
    struct address_text text;
    int found = 0;

    if (getnameinfo(peer, length, name, sizeof name, NULL, 0, NI_NAMEREQD) != 0)
        return "unknown";
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return "unknown";
    for (entry = list; entry != NULL && !found; entry = entry->ai_next)
        found = strcmp(address_print(&text, entry->ai_addr, entry->ai_addrlen)->host, peer_text) == 0;
    freeaddrinfo(list);
    return found ? name : "unknown";
}

/* Reads the request without its line end; characters that would disturb the log become question marks. */
static void read_request(char *request, int size)
{
    char *c;

    if (fgets(request, size, stdin) == NULL)
        *request = '\0';
    request[strcspn(request, "\r\n")] = '\0';
    for (c = request; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
}

static void answer(const char *request)
{
    struct passwd *user = *request != '\0' ? getpwnam(request) : NULL;

    if (user == NULL)
        printf("%s: no such user.\r\n", request);
    else
        printf("Login: %s  Name: %.*s\r\n", user->pw_name, (int)strcspn(user->pw_gecos, ","), user->pw_gecos);
}

int main(int argc, char *argv[])
{
    char request[128], line[128 + 2 * NI_MAXHOST + sizeof "() asked for ''"];
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct address_text text;
    const char *file = NULL;
    int option;

    openlog("inetd-server", LOG_PID, LOG_DAEMON);
    while ((option = getopt(argc, argv, "l:")) != -1) {
        if (option != 'l') {
            syslog(LOG_ERR, "usage: inetd-server [-l logfile]");
            return 2;
        }
        file = optarg;
    }
    if (getpeername(STDIN_FILENO, (struct sockaddr *)&peer, &length) < 0) {
        snprintf(line, sizeof line, "standard input is no connection: %s", strerror(errno));
        log_line(file, line);
        return 1;
    }
    /* The super-server may have made one socket for both families: see ported.h. */
    address_unmap(&peer, &length);
    if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) {
        log_line(file, "malformed from address");
        return 1;
    }
    alarm(IDLE_SECONDS);
    read_request(request, sizeof request);
    address_print(&text, (struct sockaddr *)&peer, length);
    snprintf(line, sizeof line, "%s (%s) asked for '%s'", text.host,
             peer_name((struct sockaddr *)&peer, length, text.host), request);
    log_line(file, line);
    answer(request);
    return 0;
}
