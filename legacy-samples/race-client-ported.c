/*
 * race-client: line-client ported for people who wait. It tries the host's addresses side by side, each a quarter of
 * a second after the one before: Happy Eyeballs (RFC 8305), as small as it can be.
 *
 *     race-client-ported host service line
 *
 * Where the first address is silent, line-client-ported waits for minutes; this one for 250 ms. What is left out
 * here: to ask for the addresses of both families at once and begin with those that come first (RFC 8305, section 3;
 * libc's getaddrinfo returns both together), and to remember what was dead. Exit status: 0 answered, 1 it failed, 2
 * wrong usage.
 */
#include "ported.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* RFC 8305, section 5: the Connection Attempt Delay. */
enum { ATTEMPT_DELAY_MS = 250, MAX_ATTEMPTS = 16 };

/* The attempts under way, and why the last one failed. */
struct race {
    struct pollfd attempts[MAX_ATTEMPTS];
    nfds_t count;
    int error;
};

/*
 * Puts the addresses into an array, families in turn, beginning with the one that getaddrinfo put first (RFC 8305,
 * section 4): if one family is dead, the second attempt is of the other.
 */
static int interleave(const struct addrinfo *list, const struct addrinfo *order[MAX_ATTEMPTS])
{
    const struct addrinfo *same = list, *other = list;
    int count = 0;

    while (count < MAX_ATTEMPTS && (same != NULL || other != NULL)) {
        while (same != NULL && same->ai_family != list->ai_family)
            same = same->ai_next;
        while (other != NULL && other->ai_family == list->ai_family)
            other = other->ai_next;
        if (same != NULL) {
            order[count++] = same;
            same = same->ai_next;
        }
        if (other != NULL && count < MAX_ATTEMPTS) {
            order[count++] = other;
            other = other->ai_next;
        }
    }
    return count;
}

/* Starts an attempt: 0 if it is under way, -1 if it failed at once. */
static int start_attempt(struct race *race, const struct addrinfo *server)
{
    int s = socket(server->ai_family, server->ai_socktype, server->ai_protocol);

    if (s < 0) {
        race->error = errno;
        return -1;
    }
    if (fcntl(s, F_SETFL, O_NONBLOCK) < 0 ||
        (connect(s, server->ai_addr, server->ai_addrlen) < 0 && errno != EINPROGRESS)) {
        race->error = errno;
        close(s);
        return -1;
    }
    race->attempts[race->count++] = (struct pollfd){.fd = s, .events = POLLOUT};
    return 0;
}

/* Waits for an attempt to end: the socket that is connected, or -1 where none is yet. */
static int wait_for_attempt(struct race *race, int timeout_ms)
{
    socklen_t length = sizeof race->error;
    nfds_t i = 0;
    int s;

    if (poll(race->attempts, race->count, timeout_ms) < 0)
        return -1;
    while (i < race->count) {
        s = race->attempts[i].fd;
        if (race->attempts[i].revents == 0) {
            i++;
            continue;
        }
        race->attempts[i] = race->attempts[--race->count];
        if (getsockopt(s, SOL_SOCKET, SO_ERROR, &race->error, &length) == 0 && race->error == 0)
            return s;
        close(s);
    }
    return -1;
}

/*
 * An attempt that fails starts the next one at once, a silent one after the delay. When all are under way, the kernel
 * decides how long they may take.
 */
static int run_race(const struct addrinfo *list, int *error)
{
    struct race race = {.error = 0};
    const struct addrinfo *order[MAX_ATTEMPTS];
    int next = 0, s = -1, count = interleave(list, order);

    while (s < 0 && (next < count || race.count > 0)) {
        if (next < count && start_attempt(&race, order[next++]) < 0)
            continue;
        s = wait_for_attempt(&race, next < count ? ATTEMPT_DELAY_MS : -1);
    }
    while (race.count > 0)
        close(race.attempts[--race.count].fd);
    if (s >= 0)
        fcntl(s, F_SETFL, 0); /* what follows expects a socket that waits */
    *error = race.error;
    return s;
}

static int connect_to_host(const char *name, const char *service)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int error, s;

    if ((error = getaddrinfo(name, service, &hints, &list)) != 0) {
        fprintf(stderr, "line-client: %s %s: %s\n", name, service, lookup_error(error));
        return -1;
    }
    if ((s = run_race(list, &error)) < 0)
        fprintf(stderr, "line-client: connect: %s\n", strerror(error));
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
        fprintf(stderr, "usage: race-client-ported host service line\n");
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
