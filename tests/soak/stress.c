/*
 * Random operations on sockets by several threads, under the preload: connect (waiting or not) to names with dead,
 * refusing and working addresses, and to an alias; dup, dup2, poll, select, epoll, options, close, fork, send, bind.
 * At the end everything that was opened is closed, and as many descriptors are open as before. Usage: stress SECONDS
 * THREADS SEED.
 *
 * What it guards against: descriptors leaked by a race, a winner on somebody else's number, a hang, a crash.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS_PER_THREAD 24
#define THREADS_MOST       64
#define NONE               (-1)
#define SETTLE_SECONDS     5

static const char *const names[] = {"both.example", "hole.example", "noroute.example", "refused.example",
                                    "six.example",  "many.example", "hole4.example"};
#define NAMES (sizeof names / sizeof names[0])

static struct in_addr addresses[NAMES];
static atomic_bool stop;
static atomic_long operations, connected, failures;

struct worker {
    unsigned seed;
    int sockets[SOCKETS_PER_THREAD];
    int epoll;
};

static unsigned pick(struct worker *worker, unsigned below)
{
    return (unsigned)rand_r(&worker->seed) % below;
}

static void fail(const char *what)
{
    fprintf(stderr, "stress: %s: %s\n", what, strerror(errno));
    atomic_fetch_add(&failures, 1);
}

static void open_socket(struct worker *worker, unsigned place)
{
    int flags = pick(worker, 4) != 0 ? SOCK_NONBLOCK : 0;
    worker->sockets[place] = socket(AF_INET, (pick(worker, 8) == 0 ? SOCK_DGRAM : SOCK_STREAM) | flags, 0);
    if (worker->sockets[place] < 0)
        fail("socket");
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = 0};
    if (pick(worker, 6) == 0)
        bind(worker->sockets[place], (struct sockaddr *)&local, sizeof local);
}

static void start_connect(struct worker *worker, int fd)
{
    unsigned name = pick(worker, NAMES);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080), .sin_addr = addresses[name]};
    struct timeval limit = {.tv_usec = 400000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        atomic_fetch_add(&connected, 1);
}

/* What is seen of any of them at any time is an IPv4 socket. */
static void inspect(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    int domain = 0;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.ss_family != AF_INET)
        fail("getsockname shows another family");
    length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &length) == 0 && address.ss_family != AF_INET)
        fail("getpeername shows another family");
    length = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain != AF_INET)
        fail("SO_DOMAIN shows another family");
}

static void wait_a_little(struct worker *worker)
{
    struct pollfd polled[SOCKETS_PER_THREAD];
    fd_set readable;
    struct epoll_event events[8];
    struct timeval limit = {.tv_usec = 1000};
    FD_ZERO(&readable);
    int highest = 0;
    for (unsigned i = 0; i < SOCKETS_PER_THREAD; i++) {
        polled[i] = (struct pollfd){.fd = worker->sockets[i], .events = pick(worker, 2) ? POLLIN : POLLOUT};
        if (worker->sockets[i] >= 0 && worker->sockets[i] < FD_SETSIZE) {
            FD_SET(worker->sockets[i], &readable);
            highest = worker->sockets[i] > highest ? worker->sockets[i] : highest;
        }
    }
    switch (pick(worker, 3)) {
    case 0:
        poll(polled, SOCKETS_PER_THREAD, 1);
        break;
    case 1:
        select(highest + 1, &readable, NULL, NULL, &limit);
        break;
    default:
        epoll_wait(worker->epoll, events, 8, 1);
    }
}

static void fork_once(struct worker *worker, int fd)
{
    pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        inspect(fd);
        send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        for (unsigned i = 0; i < SOCKETS_PER_THREAD; i++)
            if (worker->sockets[i] != NONE)
                close(worker->sockets[i]);
        _exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* Its number may be another socket's as well for a while, or from now on. */
static void duplicate(struct worker *worker, unsigned place)
{
    int fd = worker->sockets[place];
    if (pick(worker, 2) == 0) {
        unsigned other = pick(worker, SOCKETS_PER_THREAD);
        if (worker->sockets[other] != NONE && other != place)
            dup2(fd, worker->sockets[other]);
        return;
    }
    int other = dup(fd);
    if (other >= 0)
        inspect(other);
    if (other >= 0)
        close(other);
}

static void change_options(int fd)
{
    int on = 1, error;
    socklen_t length = sizeof error;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_TOS, &on, sizeof on);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

static void disconnect(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    connect(fd, &nowhere, sizeof nowhere);
}

static void exchange(int fd)
{
    char byte = 'x';
    send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    recv(fd, &byte, 1, MSG_DONTWAIT);
}

static void operate(struct worker *worker)
{
    unsigned place = pick(worker, SOCKETS_PER_THREAD);
    int *fd = &worker->sockets[place];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = place};
    if (*fd == NONE) {
        open_socket(worker, place);
        return;
    }
    switch (pick(worker, 17)) {
    case 0:
    case 1:
    case 2:
    case 3:
        start_connect(worker, *fd);
        break;
    case 4:
    case 5:
        close(*fd);
        *fd = NONE;
        break;
    case 6:
    case 7:
        duplicate(worker, place);
        break;
    case 8:
        epoll_ctl(worker->epoll, EPOLL_CTL_ADD, *fd, &event);
        break;
    case 9:
    case 10:
        change_options(*fd);
        break;
    case 11:
        if (pick(worker, 8) == 0)
            fork_once(worker, *fd);
        break;
    case 12:
        shutdown(*fd, pick(worker, 2) ? SHUT_WR : SHUT_RDWR);
        break;
    case 13:
        inspect(*fd);
        break;
    case 14:
        exchange(*fd);
        break;
    case 15:
        disconnect(*fd);
        break;
    default:
        wait_a_little(worker);
    }
}

static void *work(void *data)
{
    struct worker *worker = data;
    while (!atomic_load(&stop)) {
        operate(worker);
        atomic_fetch_add(&operations, 1);
    }
    for (unsigned i = 0; i < SOCKETS_PER_THREAD; i++)
        if (worker->sockets[i] != NONE)
            close(worker->sockets[i]);
    close(worker->epoll);
    return NULL;
}

static unsigned count_descriptors(bool tell)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char target[256] = "";
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        if (tell && length > 0)
            fprintf(stderr, "  %s -> %s\n", entry->d_name, target);
        count++;
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

static bool resolve_all(void)
{
    for (unsigned i = 0; i < NAMES; i++) {
        struct hostent *host = gethostbyname(names[i]);
        if (host == NULL)
            return false;
        memcpy(&addresses[i], host->h_addr_list[0], sizeof addresses[i]);
    }
    return true;
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 10, threads = argc > 2 ? (unsigned)atoi(argv[2]) : 8;
    unsigned seed = argc > 3 ? (unsigned)atoi(argv[3]) : (unsigned)time(NULL);
    static struct worker workers[THREADS_MOST];
    pthread_t ids[THREADS_MOST];
    signal(SIGPIPE, SIG_IGN);
    if (threads > THREADS_MOST || !resolve_all()) {
        fprintf(stderr, "stress: the names of its network are not there (see tests/soak/run.sh)\n");
        return 2;
    }
    unsigned before = count_descriptors(false);
    for (unsigned i = 0; i < threads; i++) {
        workers[i].seed = seed + i;
        workers[i].epoll = epoll_create1(0);
        for (unsigned j = 0; j < SOCKETS_PER_THREAD; j++)
            workers[i].sockets[j] = NONE;
        pthread_create(&ids[i], NULL, work, &workers[i]);
    }
    sleep(seconds);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    unsigned after = count_descriptors(false);
    for (unsigned i = 0; after != before && i < SETTLE_SECONDS; i++) {
        sleep(1); /* the thread of the races ends when it is idle */
        after = count_descriptors(false);
    }
    printf("seed %u: %ld operations, %ld connections, %ld failures, descriptors %u before, %u after\n", seed,
           atomic_load(&operations), atomic_load(&connected), atomic_load(&failures), before, after);
    if (after != before)
        count_descriptors(true);
    return after == before && atomic_load(&failures) == 0 ? 0 : 1;
}
