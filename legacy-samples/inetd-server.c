/*
 * inetd-server: tells who a user is, as finger does. A super-server starts it for each connection, which is then its
 * standard input and output:
 *
 *     finger stream tcp nowait nobody /usr/local/libexec/inetd-server inetd-server [-l logfile]
 *
 * The client sends a login name and a line end, and gets a line back. Who asked goes to syslog, or to the log file.
 */
#include <sys/types.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
 * if its own addresses contain the peer's.
 */
static const char *peer_name(struct in_addr address)
{
    static char name[256];
    struct hostent *host;
    char **list;

    if ((host = gethostbyaddr((char *)&address, sizeof address, AF_INET)) == NULL)
        return "unknown";
    snprintf(name, sizeof name, "%s", host->h_name);
    if ((host = gethostbyname(name)) != NULL)
        for (list = host->h_addr_list; *list != NULL; list++)
            if (bcmp(*list, &address, sizeof address) == 0)
                return name;
    return "unknown";
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
    char request[128], line[512];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
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
    if (peer.sin_family != AF_INET) {
        log_line(file, "malformed from address");
        return 1;
    }
    alarm(IDLE_SECONDS);
    read_request(request, sizeof request);
    snprintf(line, sizeof line, "%s (%s) asked for '%s'", inet_ntoa(peer.sin_addr), peer_name(peer.sin_addr),
             request);
    log_line(file, line);
    answer(request);
    return 0;
}
