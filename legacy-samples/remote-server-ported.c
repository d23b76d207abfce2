/*
 * remote-server, ported: runs commands for users of hosts that it trusts, as rshd does. A super-server starts it for
 * each connection, as the user that it is to serve:
 *
 *     shell stream tcp6 nowait guest /usr/local/libexec/remote-server-ported remote-server [-l logfile]
 *
 * Trusted is who calls from a reserved port of a host that ~/.rhosts or /etc/hosts.equiv names with that user. Who
 * asked goes to syslog, or to the log file.
 */
#include "ported.h"

#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { IDLE_SECONDS = 60, WORD_SIZE = 64, COMMAND_SIZE = 1024 };

union peer {
    struct sockaddr_storage storage;
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

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

/* A word of the request, which ends with a NUL; 0 where there is none. */
static int read_word(char *word, size_t size)
{
    size_t length = 0;

    while (length < size && read(STDIN_FILENO, &word[length], 1) == 1)
        if (word[length++] == '\0')
            return 1;
    return 0;
}

/*
 * The peer of a connection that somebody else accepted; -1 if it is none of the Internet. The super-server may have
 * made one socket for both families: see ported.h.
 */
static int peer_address(int fd, union peer *peer, socklen_t *length)
{
    *length = sizeof *peer;
    if (getpeername(fd, &peer->any, length) < 0)
        return -1;
    address_unmap(&peer->storage, length);
    return peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6 ? 0 : -1;
}

/* Port and address stand at other places in each family. */
static in_port_t *port_of(union peer *peer)
{
    return peer->any.sa_family == AF_INET6 ? &peer->ipv6.sin6_port : &peer->ipv4.sin_port;
}

static const void *address_of(const union peer *peer)
{
    return peer->any.sa_family == AF_INET6 ? (const void *)&peer->ipv6.sin6_addr : &peer->ipv4.sin_addr;
}

/* Where the client waits for complaints: -1 on failure. It, too, trusts reserved ports alone. */
static int connect_back(const union peer *peer, socklen_t length, int port)
{
    int reserved = IPPORT_RESERVED - 1, s = rresvport_af(&reserved, peer->any.sa_family);
    union peer waiting = *peer;

    *port_of(&waiting) = htons((in_port_t)port);
    if (s >= 0 && connect(s, &waiting.any, length) < 0) {
        close(s);
        s = -1;
    }
    return s;
}

static int is_trusted(union peer *peer, const char *remote_user, const char *local_user)
{
    struct passwd *entry = getpwnam(local_user);

    return entry != NULL && entry->pw_uid == geteuid() && ntohs(*port_of(peer)) < IPPORT_RESERVED &&
           iruserok_af(address_of(peer), 0, remote_user, local_user, peer->any.sa_family) == 0;
}

static void refuse(const char *reason)
{
    printf("\1remote-server: %s.\n", reason);
    exit(1);
}

int main(int argc, char *argv[])
{
    char port[WORD_SIZE], remote_user[WORD_SIZE], local_user[WORD_SIZE], command[COMMAND_SIZE];
    char line[2048 + NI_MAXHOST];
    const char *file = argc == 3 && strcmp(argv[1], "-l") == 0 ? argv[2] : NULL;
    struct address_text text;
    union peer peer;
    socklen_t length;
    int errors = STDOUT_FILENO, trusted;

    openlog("remote-server", LOG_PID, LOG_DAEMON);
    if (peer_address(STDIN_FILENO, &peer, &length) < 0) {
        log_line(file, "malformed from address");
        return 1;
    }
    alarm(IDLE_SECONDS);
    if (!read_word(port, sizeof port) || (atoi(port) != 0 && (errors = connect_back(&peer, length, atoi(port))) < 0))
        refuse("no way back");
    if (!read_word(remote_user, sizeof remote_user) || !read_word(local_user, sizeof local_user) ||
        !read_word(command, sizeof command))
        refuse("bad request");
    trusted = is_trusted(&peer, remote_user, local_user);
    address_print(&text, &peer.any, length);
    snprintf(line, sizeof line, "%s: %s as %s: '%s'%s", text.host, remote_user, local_user, command,
             trusted ? "" : " refused");
    log_line(file, line);
    if (!trusted)
        refuse("permission denied");
    alarm(0);
    if (write(STDOUT_FILENO, "", 1) != 1)
        return 1;
    dup2(errors, STDERR_FILENO);
    if (errors > STDERR_FILENO)
        close(errors);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    return 1;
}
