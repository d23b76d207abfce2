/*
 * COUNT connects that don't wait, all under way at once in one epoll set, to two names in turn: one whose first
 * address is silent, one that works. Registered before connect() or after it, level- or edge-triggered or ONESHOT.
 * All have to complete, on an address that works, and be reported once. Usage: inflight COUNT.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S 30
#define MOST       65536

static const char *const names[2] = {"both.example", "hole.example"};

enum { UNUSED, WAITING, DONE };
static unsigned char states[MOST];

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static unsigned entries(const char *path)
{
    unsigned count = 0;
    DIR *directory = opendir(path);
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count - 3; /* ".", ".." and the directory itself */
}

static bool start(int epoll, unsigned place, const struct in_addr addresses[2])
{
    static const uint32_t kinds[] = {EPOLLOUT, EPOLLOUT | EPOLLET, EPOLLOUT | EPOLLONESHOT};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080), .sin_addr = addresses[place % 2]};
    struct epoll_event event = {.events = kinds[place / 2 % 3]};
    /* Registered before connect(), a ONESHOT would be spent on the hang-up of an unconnected socket: not those. */
    bool before = place / 6 % 2 == 0 && (event.events & EPOLLONESHOT) == 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || fd >= MOST) {
        perror("inflight: socket");
        return false;
    }
    event.data.fd = fd;
    if (before)
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        perror("inflight: connect");
        return false;
    }
    if (!before)
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    states[fd] = WAITING;
    return true;
}

/* True where this event completes a connection. */
static bool finish(int fd, unsigned *bad)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    int error = -1;
    socklen_t error_length = sizeof error;
    if (states[fd] != WAITING) {
        printf("reported twice: %d\n", fd);
        ++*bad;
        return false;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_length);
    if (error != 0 || getpeername(fd, (struct sockaddr *)&peer, &length) != 0 || peer.sin_family != AF_INET)
        ++*bad;
    states[fd] = DONE;
    close(fd);
    return true;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 1000, done = 0, bad = 0;
    struct in_addr addresses[2];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (unsigned i = 0; i < 2; i++) {
        struct hostent *host = gethostbyname(names[i]);
        if (host == NULL) {
            fprintf(stderr, "inflight: no address of %s (see tests/soak/run.sh)\n", names[i]);
            return 2;
        }
        memcpy(&addresses[i], host->h_addr_list[0], sizeof addresses[i]);
    }
    int epoll = epoll_create1(0);
    double begin = now();
    for (unsigned i = 0; i < count; i++)
        if (!start(epoll, i, addresses))
            return 1;
    double started = now() - begin;
    unsigned descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task") + 1;
    while (done < count && now() - begin < DEADLINE_S) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 1000);
        for (int i = 0; i < ready; i++)
            done += finish(events[i].data.fd, &bad);
    }
    printf("%u of %u completed, %u bad; started in %.3f s, all in %.3f s; at the start's end %u descriptors, %u "
           "threads\n",
           done, count, bad, started, now() - begin, descriptors, threads);
    return done == count && bad == 0 ? 0 : 1;
}
