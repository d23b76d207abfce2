/*
 * A connection that is raced is one TCP socket to its program: each part below prints what a program sees of a
 * non-blocking connect(), and has to print the same with the library, where several sockets are behind it, as
 * without, where there is one. (Bare, the names have their IPv4 address alone.) Times are not printed, as they
 * differ.
 */
#include "support.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define HOLE       "hole-both.example" /* nobody ever answers */
#define HALF       "half-hole.example" /* IPv4 does */
#define REFUSING   "both.example"      /* at a port where nobody listens */
#define NOBODY     1                   /* such a port */
#define SHORT_MS   30
#define IN_TIME_MS 5000
#define CHURN_MS   1000

/* What a call gave: its result, or the name of the error. */
static void say(const char *what, long result)
{
    if (result < 0)
        printf("%s: %s\n", what, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, result);
}
#define SAY(call) (errno = 0, say(#call, (long)(call)))

static struct in_addr address_of(const char *name)
{
    struct hostent *host = gethostbyname(name);
    struct in_addr address = {0};
    if (host == NULL) {
        printf("no address for %s\n", name);
        exit(1);
    }
    memcpy(&address, host->h_addr_list[0], sizeof address);
    return address;
}

static int go(int fd, const char *name, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address_of(name)};
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int fresh(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int going(const char *name, uint16_t port)
{
    int fd = fresh();
    SAY(go(fd, name, port));
    return fd;
}

static int events_of(int fd, short events, int timeout_ms)
{
    struct pollfd polled = {.fd = fd, .events = events};
    int count = poll(&polled, 1, timeout_ms);
    return count < 0 ? count : polled.revents;
}

static int error_of(int fd)
{
    int error = -1;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

/* ---- While nobody has answered */

static void part_waiting(void)
{
    int fd = going(HOLE, 7001);
    SAY(events_of(fd, POLLIN, SHORT_MS));
    SAY(events_of(fd, POLLOUT, SHORT_MS));
    SAY(events_of(fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, SHORT_MS));
    SAY(events_of(fd, 0, SHORT_MS));
    for (int kind = 0; kind < 3; kind++) {
        fd_set sets[3];
        for (int i = 0; i < 3; i++)
            FD_ZERO(&sets[i]);
        FD_SET(fd, &sets[kind]);
        struct timeval limit = {.tv_usec = SHORT_MS * 1000};
        SAY(select(fd + 1, kind == 0 ? &sets[0] : NULL, kind == 1 ? &sets[1] : NULL, kind == 2 ? &sets[2] : NULL,
                   &limit));
        printf("left: %ld, set: %d\n", (long)limit.tv_sec + limit.tv_usec, FD_ISSET(fd, &sets[kind]) != 0);
    }
    struct pollfd twice[] = {{.fd = fd, .events = POLLIN}, {.fd = fd, .events = POLLOUT}, {.fd = -1}};
    SAY(poll(twice, 3, SHORT_MS));
    int bell = eventfd(1, 0);
    struct pollfd mixed[] = {{.fd = fd, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    SAY(poll(mixed, 2, IN_TIME_MS));
    printf("%d %d\n", mixed[0].revents, mixed[1].revents);
}

static void part_input_and_output(void)
{
    int fd = going(HOLE, 7001), other[2];
    char bytes[16] = "x";
    struct iovec vector = {.iov_base = bytes, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    struct mmsghdr messages = {.msg_hdr = message};
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    signal(SIGPIPE, SIG_IGN);
    SAY(read(fd, bytes, sizeof bytes));
    SAY(readv(fd, &vector, 1));
    SAY(recv(fd, bytes, sizeof bytes, MSG_PEEK));
    SAY(recv(fd, bytes, sizeof bytes, MSG_OOB));
    SAY(recv(fd, bytes, sizeof bytes, MSG_ERRQUEUE));
    SAY(recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length));
    SAY(recvmsg(fd, &message, 0));
    SAY(recvmmsg(fd, &messages, 1, 0, NULL));
    SAY(write(fd, bytes, 1));
    SAY(writev(fd, &vector, 1));
    SAY(send(fd, bytes, 1, MSG_NOSIGNAL));
    SAY(sendmsg(fd, &message, MSG_NOSIGNAL));
    SAY(sendmmsg(fd, &messages, 1, MSG_NOSIGNAL));
    SAY(sendto(fd, bytes, 1, MSG_NOSIGNAL, NULL, 0));
    int file = open("/proc/self/exe", O_RDONLY);
    SAY(sendfile(fd, file, NULL, 1));
    SAY(pipe(other));
    SAY(write(other[1], "x", 1));
    SAY(splice(other[0], NULL, fd, NULL, 1, SPLICE_F_NONBLOCK));
    SAY(splice(fd, NULL, other[1], NULL, 1, SPLICE_F_NONBLOCK));
    int count = -1;
    SAY(ioctl(fd, FIONREAD, &count));
    printf("%d\n", count);
    SAY(ioctl(fd, SIOCOUTQ, &count));
    printf("%d\n", count);
    SAY(lseek(fd, 0, SEEK_SET));
    struct stat status;
    SAY(fstat(fd, &status));
    printf("%d\n", S_ISSOCK(status.st_mode));
}

static void part_other_calls(void)
{
    int fd = going(HOLE, 7001);
    struct sockaddr_in name = {.sin_family = AF_UNSPEC}, to = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%d, %u, address %d, port %d\n", name.sin_family, length, name.sin_addr.s_addr != 0, name.sin_port != 0);
    SAY(go(fd, HOLE, 7001));
    SAY(go(fd, REFUSING, 7002));
    SAY(connect(fd, (struct sockaddr *)&to, 1));
    SAY(connect(fd, NULL, sizeof to));
    SAY(listen(fd, 1));
    SAY(accept(fd, NULL, NULL));
    SAY(bind(fd, (struct sockaddr *)&to, sizeof to));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
}

static void part_options(void)
{
    int fd = going(HOLE, 7001);
    SAY(option_of(fd, SOL_SOCKET, SO_ERROR));
    SAY(option_of(fd, SOL_SOCKET, SO_TYPE));
    SAY(option_of(fd, SOL_SOCKET, SO_DOMAIN));
    SAY(option_of(fd, SOL_SOCKET, SO_PROTOCOL));
    SAY(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, SOL_SOCKET, SO_REUSEADDR));
    SAY(option_of(fd, SOL_SOCKET, SO_RCVBUF));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_TCP, TCP_INFO) & 0xff);
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(option_of(fd, IPPROTO_IP, 9999));
    SAY(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY));
    SAY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    SAY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    SAY(set_option(fd, IPPROTO_IP, IP_TOS, 16));
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 300));
    SAY(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(fcntl(fd, F_GETFL));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(fcntl(fd, F_GETFD));
    SAY(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK));
    SAY(fcntl(fd, F_GETFL));
}

/* ---- epoll */

static void show_events(int epoll, int timeout_ms)
{
    struct epoll_event events[4];
    int count = epoll_wait(epoll, events, 4, timeout_ms);
    printf("events:");
    for (int i = 0; i < count; i++)
        printf(" %d:%#x", (int)events[i].data.u64, events[i].events);
    printf("\n");
}

static int control(int epoll, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = 5};
    return epoll_ctl(epoll, operation, fd, &event);
}

static void watch(uint32_t events, bool before, const char *name, int port)
{
    int epoll = epoll_create1(0), outer = epoll_create1(0), fd = fresh();
    printf("events %#x, %s, %s\n", events, before ? "before" : "after", name);
    SAY(control(outer, EPOLL_CTL_ADD, epoll, EPOLLIN));
    if (before)
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (before)
        show_events(epoll, 0);
    SAY(go(fd, name, (uint16_t)port));
    if (!before)
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (!before || (events & EPOLLONESHOT) == 0) /* docs/limits.md: one that has fired is out of the set */
        SAY(control(epoll, EPOLL_CTL_ADD, fd, events));
    if (strcmp(name, HOLE) == 0) {
        show_events(epoll, SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN));
        show_events(epoll, SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_DEL, fd, 0));
        SAY(control(epoll, EPOLL_CTL_DEL, fd, 0));
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLIN));
    } else if ((events & EPOLLONESHOT) != 0 && before) { /* has fired before connect() */
        show_events(epoll, 2 * SHORT_MS);
        SAY(control(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT));
        show_events(epoll, IN_TIME_MS);
    } else {
        events_of(outer, POLLIN, IN_TIME_MS);
        show_events(epoll, IN_TIME_MS);
        show_events(epoll, SHORT_MS);
    }
    close(fd);
    show_events(epoll, 0);
    close(epoll);
    close(outer);
}

static void watch_all(const char *name, int port)
{
    static const uint32_t kinds[] = {EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLET, EPOLLOUT | EPOLLONESHOT,
                                     EPOLLIN | EPOLLRDHUP | EPOLLET};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int before = 0; before < 2; before++)
            if (strcmp(name, HOLE) == 0 || (kinds[i] & EPOLLOUT) != 0)
                watch(kinds[i], before != 0, name, port);
}

static void part_epoll_waiting(void)
{
    watch_all(HOLE, 7001);
}

static void part_epoll_refused(void)
{
    watch_all(REFUSING, NOBODY);
}

static void part_epoll_connected(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    watch_all(HALF, world_port(waiting));
}

/* ---- How it ends */

static void part_refused(void)
{
    int fd = going(REFUSING, NOBODY);
    char byte;
    SAY(events_of(fd, POLLIN | POLLOUT | POLLRDHUP, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(error_of(fd));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
    SAY(read(fd, &byte, 1));
    SAY(send(fd, "x", 1, MSG_NOSIGNAL));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(read(fd, &byte, 1)); /* reads the error away */
    SAY(error_of(fd));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(go(fd, REFUSING, NOBODY));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(go(fd, REFUSING, NOBODY)); /* is told what became of the one before */
}

static void part_connected(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = going(HALF, world_port(waiting));
    uint16_t port = world_port(waiting);
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    char byte;
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(go(fd, HALF, port));
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    printf("%s %d\n", text_of(name.sin_addr), name.sin_port == htons(port));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%s\n", text_of(name.sin_addr));
    int server = world_accept(waiting, NULL, 0);
    SAY(recv(fd, &byte, 1, MSG_PEEK));
    SAY(write(server, "y", 1));
    SAY(events_of(fd, POLLIN, IN_TIME_MS));
    SAY(recv(fd, &byte, 1, MSG_PEEK));
    SAY(read(fd, &byte, 1));
    SAY(fcntl(fd, F_GETFL));
    world_close(server);
    SAY(events_of(fd, POLLIN, IN_TIME_MS));
    SAY(read(fd, &byte, 1));
    SAY(go(fd, HALF, port));
}

/* Options that are set on the way are those of the connection. */
static void part_options_stay(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = fresh();
    SAY(set_option(fd, SOL_SOCKET, SO_RCVBUF, 20000));
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 33));
    SAY(go(fd, HALF, world_port(waiting)));
    SAY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    SAY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    SAY(set_option(fd, IPPROTO_IP, IP_TOS, 16));
    SAY(set_option(fd, SOL_SOCKET, SO_SNDBUF, 30000));
    SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(option_of(fd, SOL_SOCKET, SO_RCVBUF));
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
    SAY(option_of(fd, SOL_SOCKET, SO_KEEPALIVE));
    SAY(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
    SAY(option_of(fd, IPPROTO_IP, IP_TOS));
    SAY(option_of(fd, SOL_SOCKET, SO_SNDBUF));
    SAY(fcntl(fd, F_GETFD));
}

static void part_shut_down(void)
{
    for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
        int fd = going(HOLE, 7001);
        char byte;
        signal(SIGPIPE, SIG_IGN);
        SAY(how);
        SAY(shutdown(fd, how));
        SAY(shutdown(fd, how));
        SAY(events_of(fd, POLLIN | POLLOUT | POLLRDHUP, SHORT_MS));
        SAY(read(fd, &byte, 1));
        SAY(write(fd, "x", 1));
        SAY(error_of(fd));
    }
}

static void *connect_and_wait(void *data)
{
    SAY(go(*(int *)data, HOLE, 7001));
    return NULL;
}

static void part_shut_down_by_another_thread(void)
{
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    pthread_create(&thread, NULL, connect_and_wait, &fd);
    usleep(100000);
    int result = shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    SAY(result);
    SAY(go(fd, REFUSING, NOBODY));
}

static void part_dissolved(void)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int waiting = world_listen("192.0.2.1", 0), fd = going(HOLE, 7001);
    SAY(set_option(fd, IPPROTO_IP, IP_TTL, 77));
    SAY(connect(fd, &nowhere, sizeof nowhere));
    SAY(events_of(fd, POLLIN | POLLOUT, SHORT_MS));
    SAY(error_of(fd));
    SAY(go(fd, HALF, world_port(waiting)));
    SAY(events_of(fd, POLLOUT, IN_TIME_MS));
    SAY(error_of(fd));
    SAY(write(fd, "x", 1));
    SAY(option_of(fd, IPPROTO_IP, IP_TTL));
}

/* ---- Duplicates, other threads, other processes */

static void part_duplicated(void)
{
    int waiting = world_listen("192.0.2.1", 0), epoll = epoll_create1(0), fd = going(HALF, world_port(waiting));
    int copy = dup(fd), low = fcntl(fd, F_DUPFD, 100);
    SAY(control(epoll, EPOLL_CTL_ADD, copy, EPOLLOUT));
    show_events(epoll, IN_TIME_MS);
    SAY(error_of(low));
    SAY(close(fd));
    SAY(events_of(low, POLLOUT, IN_TIME_MS));
    SAY(write(copy, "x", 1));
    show_events(epoll, IN_TIME_MS);
}

static void part_duplicated_before(void)
{
    int waiting = world_listen("192.0.2.1", 0), epoll = epoll_create1(0), fd = fresh(), copy = dup(fd);
    SAY(control(epoll, EPOLL_CTL_ADD, copy, EPOLLOUT | EPOLLET));
    show_events(epoll, 0);
    SAY(go(fd, HALF, world_port(waiting)));
    show_events(epoll, IN_TIME_MS);
    SAY(events_of(copy, POLLOUT, IN_TIME_MS));
    SAY(error_of(copy));
    SAY(write(copy, "x", 1));
    SAY(close(fd));
    SAY(write(copy, "x", 1));
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

/* ---- Bound first */

static int bound(int fd, const char *address, int *port)
{
    struct sockaddr_in local = ipv4_at(address, 0);
    socklen_t length = sizeof local;
    SAY(bind(fd, (struct sockaddr *)&local, sizeof local));
    SAY(getsockname(fd, (struct sockaddr *)&local, &length));
    *port = ntohs(local.sin_port);
    return fd;
}

static void part_bound(void)
{
    static const char *const locals[] = {"0.0.0.0", "192.0.2.2"};
    for (int i = 0; i < 4; i++) {
        int waiting = world_listen("192.0.2.1", 0), port;
        int fd = bound(i < 2 ? fresh() : socket(AF_INET, SOCK_STREAM, 0), locals[i % 2], &port);
        struct sockaddr_in name;
        socklen_t length = sizeof name;
        char peer[64];
        SAY(go(fd, i % 2 == 0 ? HALF : "two4.example", world_port(waiting)));
        SAY(events_of(fd, POLLOUT, IN_TIME_MS));
        SAY(error_of(fd));
        SAY(getsockname(fd, (struct sockaddr *)&name, &length));
        printf("%s, its port: %d\n", text_of(name.sin_addr), ntohs(name.sin_port) == port);
        world_accept(waiting, peer, sizeof peer);
        printf("seen with it: %d\n", strtol(strchr(peer, ' '), NULL, 10) == port);
        SAY(option_of(fd, SOL_SOCKET, SO_REUSEADDR));
        close(fd);
        world_close(waiting);
    }
}

static const struct part parts[] = {
    {"waiting", part_waiting},
    {"input and output", part_input_and_output},
    {"other calls", part_other_calls},
    {"options", part_options},
    {"epoll, waiting", part_epoll_waiting},
    {"epoll, refused", part_epoll_refused},
    {"epoll, connected", part_epoll_connected},
    {"refused", part_refused},
    {"connected", part_connected},
    {"options stay", part_options_stay},
    {"shut down", part_shut_down},
    {"shut down by another thread", part_shut_down_by_another_thread},
    {"dissolved", part_dissolved},
    {"duplicated", part_duplicated},
    {"duplicated before", part_duplicated_before},
    {"many threads", part_many_threads},
    {"child", part_child},
    {"vfork", part_vfork},
    {"signals", part_signals},
    {"few numbers", part_few_numbers},
    {"closed behind us", part_closed_behind_us},
    {"stream", part_stream},
    {"blocking again", part_blocking_again},
    {"bound", part_bound},
    {NULL, NULL},
};
#define PARTS (sizeof parts / sizeof parts[0] - 1)

/* The first line that differs. */
static void compare(const char *part, const char *bare, const char *preloaded)
{
    unsigned line = 1;
    for (; *bare != '\0' && *bare == *preloaded; bare++, preloaded++)
        line += *bare == '\n';
    if (*bare != *preloaded)
        fail_msg("%s, line %u: ...%.60s\nbut with the library ...%.60s", part, line, bare, preloaded);
}

static void run_part(void **state)
{
    const struct part *part = *state;
    char bare[PART_OUTPUT_SIZE];
    const struct part_result *result = part_run_bare(part->name);
    assert_int_equal(result->status, 0);
    memcpy(bare, result->output, sizeof bare);
    compare(part->name, bare, part_output(part->name, NULL));
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

int main(int argc, char **argv)
{
    struct CMUnitTest tests[PARTS + 1] = {cmocka_unit_test(test_new_socket_lost_its_record)};
    for (size_t i = 0; i < PARTS; i++)
        tests[1 + i] = (struct CMUnitTest){parts[i].name, run_part, NULL, NULL, (void *)(uintptr_t)&parts[i]};
    return support_run(argc, argv, parts, tests, PARTS + 1);
}
