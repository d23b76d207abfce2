/*
 * What surrounds a connection that is raced (race_parts.h): other threads and processes, signals, limits, streams,
 * and what is closed behind the library.
 */
#include "../race_parts.h"
#include "preload/base/newer_names.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CHURN_MS 1000

/* ---- Other threads, other processes */

static _Atomic pid_t connecting;

static void *connect_and_wait(void *data)
{
    struct sockaddr_in to = ipv4_at("0.0.0.0", 7001);
    to.sin_addr = first_address(HOLE); /* now: a lookup may sleep too */
    connecting = (pid_t)syscall(SYS_gettid);
    SAY(connect(*(int *)data, (struct sockaddr *)&to, sizeof to));
    return NULL;
}

static void part_shut_down_by_another_thread(void)
{
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_create(&thread, NULL, connect_and_wait, &fd);
    wait_until_asleep(&connecting);
    int result = shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    SAY(result);
    SAY(go(fd, REFUSING, NOBODY));
}

struct waiter {
    int fd, kind;
    long result;
};

static void *wait_for_it(void *data)
{
    struct waiter *waiter = data;
    int epoll;
    fd_set set;
    struct timeval limit = {.tv_sec = IN_TIME_MS / 1000};
    FD_ZERO(&set);
    FD_SET(waiter->fd, &set);
    switch (waiter->kind) {
    case 0:
        waiter->result = events_of(waiter->fd, POLLIN, IN_TIME_MS);
        break;
    case 1:
        waiter->result = events_of(waiter->fd, POLLOUT, IN_TIME_MS);
        break;
    case 2:
        waiter->result = select(waiter->fd + 1, &set, NULL, NULL, &limit);
        break;
    case 3:
        waiter->result = select(waiter->fd + 1, NULL, &set, NULL, &limit);
        break;
    default:
        epoll = epoll_create1(0);
        control(epoll, EPOLL_CTL_ADD, waiter->fd, EPOLLIN);
        waiter->result = epoll_wait(epoll, &(struct epoll_event){.events = 0}, 1, IN_TIME_MS);
        close(epoll);
    }
    return NULL;
}

static void part_many_threads(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting));
    pthread_t threads[10];
    struct waiter waiters[10];
    for (int i = 0; i < 10; i++) {
        waiters[i] = (struct waiter){.fd = fd, .kind = i % 5};
        pthread_create(&threads[i], NULL, wait_for_it, &waiters[i]);
    }
    int server = world_accept(waiting, NULL, 0);
    SAY(write(server, "x", 1));
    for (int i = 0; i < 10; i++) {
        pthread_join(threads[i], NULL);
        printf("%d: %ld\n", waiters[i].kind, waiters[i].result);
    }
}

static void part_child(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting)), status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        SAY(read(fd, &byte, 1));
        SAY(go(fd, HALF, 7001));
        SAY(close(fd));
        fflush(stdout);
        _exit(0);
    }
    SAY(waitpid(child, &status, 0) == child);
    SAY(status);
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(write(fd, "x", 1));
}

static void part_vfork(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting)), status = -1;
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        for (int number = 3; number < 4096; number++)
            close(number);
        _exit(0);
    }
    SAY(waitpid(child, &status, 0) == child);
    SAY(status);
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(write(fd, "x", 1));
    SAY(world_accept(waiting, NULL, 0) >= 0);
}

/* ---- The program's surroundings */

static void handle(int number)
{
    (void)number;
}

static void part_signals(void)
{
    struct sigaction action = {.sa_handler = handle};
    sigset_t usr1, none;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigaction(SIGUSR1, &action, NULL);
    int fd = going(HOLE, 7001);
    SAY(sigprocmask(SIG_BLOCK, &usr1, NULL));
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    struct timespec limit = {.tv_sec = 2};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    SAY(raise(SIGUSR1));
    SAY(ppoll(&polled, 1, &limit, &none));
    SAY(raise(SIGUSR1));
    SAY(pselect(fd + 1, &set, NULL, NULL, &limit, &none));
    SAY(raise(SIGUSR1));
    SAY(events_of(fd, POLLIN, SHORT_MS));
    struct pollfd both[] = {{.fd = fd, .events = POLLIN}, {.fd = signalfd(-1, &usr1, 0), .events = POLLIN}};
    SAY(poll(both, 2, IN_TIME_MS));
    printf("%d %d\n", both[0].revents, both[1].revents);
}

static void part_few_numbers(void)
{
    struct rlimit few = {.rlim_cur = 12, .rlim_max = 12};
    int waiting = world_listen("192.0.2.1", 0);
    SAY(setrlimit(RLIMIT_NOFILE, &few));
    int sockets[16], made = 0;
    while (made < 16 && (sockets[made] = fresh()) >= 0)
        made++;
    SAY(errno);
    SAY(close(sockets[--made]));
    for (int i = 0; i < made; i++)
        SAY(go(sockets[i], "192.0.2.1", world_port(waiting)));
    for (int i = 0; i < made; i++)
        SAY(events_of(sockets[i], POLLOUT, IN_TIME_MS));
}

/* All numbers are closed by a direct system call while a race is on, ours among them. */
static void part_closed_behind_us(void)
{
    int fd = going(HOLE, 7001);
    usleep(50000); /* its thread is asleep, and won't notice */
    SAY(syscall(SYS_close_range, 3u, ~0u, 0));
    int waiting = world_listen("192.0.2.1", 0);
    for (int i = 0; i < 3; i++) {
        fd = going(i == 0 ? HALF : "192.0.2.1", world_port(waiting));
        SAY(events_of(fd, POLLOUT, IN_TIME_MS));
        SAY(write(fd, "x", 1));
    }
}

static void part_stream(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting)), next;
    FILE *stream = fdopen(fd, "r+");
    SAY(fclose(stream));
    SAY((next = open("/dev/null", O_RDONLY)) == fd);
    usleep(400000); /* a race would have been won by now */
    char byte;
    SAY(read(next, &byte, 1));
    fd = going(HALF, world_port(waiting));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    stream = fdopen(fd, "r+");
    SAY(fputs("line", stream));
    SAY(fclose(stream));
    SAY(fcntl(fd, F_GETFD));
}

static void part_blocking_again(void)
{
    int fd = going(HOLE, 7001), off = 0;
    struct timeval limit = {.tv_usec = SHORT_MS * 1000};
    char byte;
    SAY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    SAY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
    SAY(ioctl(fd, FIONBIO, &off));
    SAY(fcntl(fd, F_GETFL));
    SAY(read(fd, &byte, 1));
    SAY(send(fd, "x", 1, MSG_NOSIGNAL));
    SAY(go(fd, HOLE, 7001));
}

/* ---- Numbers that are closed in one thread and given again in another */

struct churn {
    struct in_addr alias;
    uint16_t port;
    atomic_bool stop;
    atomic_int lost;
};

static void connect_and_close(const struct churn *churn, bool with_copy, atomic_int *lost)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(churn->port), .sin_addr = churn->alias};
    int fd = fresh(), copy = with_copy ? dup(fd) : -1;
    set_option(fd, IPPROTO_IP, IP_TTL, 33);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    if (fd >= 0 && option_of(fd, IPPROTO_IP, IP_TTL) != 33)
        atomic_fetch_add(lost, 1);
    close(fd);
    close(copy);
}

static void *churn_on(void *data)
{
    struct churn *churn = data;
    for (bool with_copy = false; !atomic_load(&churn->stop); with_copy = !with_copy)
        connect_and_close(churn, with_copy, &churn->lost);
    return NULL;
}

static void test_new_socket_lost_its_record(void **state)
{
    (void)state;
    if (under_sanitizer("thread"))
        skip(); /* it takes numbers for memory, and sees only a part of what opens and closes them */
    struct churn churn = {.alias = alias_of("2001:db8::1"), .port = NOBODY};
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, churn_on, &churn);
    usleep(CHURN_MS * 1000);
    atomic_store(&churn.stop, true);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&churn.lost), 0);
}

static const struct part parts[] = {
    {"shut down by another thread", part_shut_down_by_another_thread},
    {"many threads", part_many_threads},
    {"child", part_child},
    {"vfork", part_vfork},
    {"signals", part_signals},
    {"few numbers", part_few_numbers},
    {"closed behind us", part_closed_behind_us},
    {"stream", part_stream},
    {"blocking again", part_blocking_again},
    {NULL, NULL},
};
#define PARTS (sizeof parts / sizeof parts[0] - 1)

int main(int argc, char **argv)
{
    struct CMUnitTest tests[PARTS + 1] = {cmocka_unit_test(test_new_socket_lost_its_record)};
    for (size_t i = 0; i < PARTS; i++)
        tests[1 + i] = PART_TEST(&parts[i]);
    return support_run(argc, argv, parts, tests, PARTS + 1);
}
