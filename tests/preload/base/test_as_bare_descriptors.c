/* Descriptors, those who sleep on them, and pointers are what they are bare (as_bare.h). */
#include "../as_bare.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

static volatile sig_atomic_t signalled, signal_number;

static void note_signal(int number, siginfo_t *information, void *context)
{
    (void)context;
    signalled = number;
    signal_number = information->si_fd;
}

static void signals(void)
{
    struct sigaction action = {.sa_sigaction = note_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN + 3, &action, NULL);
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world);
    SAY(fcntl(fd, F_SETOWN, getpid()));
    SAY(fcntl(fd, F_SETSIG, SIGRTMIN + 3));
    SAY(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    signalled = 0;
    echo(world);
    for (int i = 0; i < WAIT_S * 1000 && signalled == 0; i++)
        usleep(1000);
    printf("signal %s, descriptor %s\n", signalled == SIGRTMIN + 3 ? "right" : "wrong",
           signal_number == fd ? "right" : "wrong");
    SAY(fcntl(fd, F_GETFL));
    SAY(fcntl(fd, F_GETOWN) == getpid());
    SAY(fcntl(fd, F_GETSIG) == SIGRTMIN + 3);
    SAY(fcntl(fd, F_GETFD));
}

/* What is on record of a number is of a socket that was closed without a call of libc's. */
static void closed_behind_our_back(void)
{
    int world = world_datagrams(place, 0), waiting = world_listen(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world), stream_to = host_at(waiting), name;
    socklen_t length = sizeof name;
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    echo(world);
    syscall(SYS_close, fd);
    int file = open("/dev/null", O_RDWR);
    SAY(file == fd);
    SAY(getsockname(file, (struct sockaddr *)&name, &length));
    SAY(sendto(file, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    SAY(connect(file, (struct sockaddr *)&to, sizeof to));
    SAY(write(file, "x", 1));
    syscall(SYS_close, file);
    int stream = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    SAY(stream == fd);
    SAY(connect(stream, (struct sockaddr *)&stream_to, sizeof stream_to));
    SAY(connect(stream, (struct sockaddr *)&stream_to, sizeof stream_to));
    length = sizeof name;
    SAY(getpeername(stream, (struct sockaddr *)&name, &length));
    say_name(&name, length, &stream_to);
    fclose(fdopen(stream, "r+"));
    int again = socket(AF_INET, SOCK_STREAM, 0);
    SAY(again == fd);
    SAY(connect(again, (struct sockaddr *)&stream_to, sizeof stream_to));
}

/* ---- Sleepers */

/* One thread sleeps on the socket before another one sends the first datagram. */
struct sleeper {
    int fd;
    long (*wait)(int fd);
    _Atomic pid_t thread;
};

static long by_recvfrom(int fd)
{
    char data[8];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    return recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);
}

static long by_recvmsg(int fd)
{
    char data[8];
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return recvmsg(fd, &message, 0);
}

static long by_recvmmsg(int fd)
{
    char data[8];
    struct iovec part = {data, sizeof data};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    return recvmmsg(fd, &message, 1, 0, NULL);
}

static long by_recv(int fd)
{
    char data[8];
    return recv(fd, data, sizeof data, 0);
}

#define LONG_MS 60000

static long by_poll(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    long start = milliseconds_now();
    return poll(&polled, 1, LONG_MS) == 1 && milliseconds_now() - start < LONG_MS / 2;
}

static long by_select(int fd)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval limit = {.tv_sec = LONG_MS / 1000};
    long start = milliseconds_now();
    return select(fd + 1, &set, NULL, NULL, &limit) == 1 && milliseconds_now() - start < LONG_MS / 2;
}

static void *sleep_on(void *data)
{
    struct sleeper *sleeper = data;
    sleeper->thread = (pid_t)syscall(SYS_gettid);
    return (void *)sleeper->wait(sleeper->fd);
}

/* `used`: it has a port already, by a datagram that was sent when the process knew no alias. */
static void sleep_in_turn(bool used)
{
    static long (*const ways[])(int) = {by_recvfrom, by_recvmsg, by_recvmmsg, by_recv, by_poll, by_select};
    int world = world_datagrams(place, 0);
    struct sockaddr_in to = host_at(world);
    /* poll() and select() on a socket in use are not woken: docs/limits.md. */
    for (size_t i = 0; i < (used ? 4 : sizeof ways / sizeof ways[0]); i++) {
        struct sleeper sleeper = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .wait = ways[i]};
        struct timeval limit = {.tv_sec = LONG_MS / 1000};
        setsockopt(sleeper.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        struct sockaddr_in other = ipv4_at("192.0.2.2", 9);
        if (used)
            syscall(SYS_sendto, sleeper.fd, "x", 1, 0, &other, sizeof other);
        pthread_t thread;
        pthread_create(&thread, NULL, sleep_on, &sleeper);
        wait_until_asleep(&sleeper.thread);
        sendto(sleeper.fd, "four", 4, 0, (struct sockaddr *)&to, sizeof to);
        echo(world);
        void *result;
        pthread_join(thread, &result);
        printf("%zu: %ld\n", i, (long)result);
        close(sleeper.fd);
    }
}

static void sleepers(void)
{
    sleep_in_turn(false);
    sleep_in_turn(true);
}

/* ---- Pointers that lead nowhere: EFAULT, not the end of the program */

static void bad_pointers(void *volatile bad)
{
    int world = world_datagrams(place, 0), fd = datagram_socket(), server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = host_at(world), name, any = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    char data[16];
    SAY(sendto(fd, "x", 1, 0, bad, sizeof to));
    SAY(connect(fd, bad, sizeof to));
    SAY(bind(fd, bad, sizeof to));
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    bind(server, (struct sockaddr *)&any, sizeof any);
    listen(server, 1);
    fcntl(server, F_SETFL, O_NONBLOCK);
    SAY(getsockname(server, bad, &length));
    SAY(getsockname(server, (struct sockaddr *)&name, bad));
    SAY(getpeername(fd, bad, &length));
    SAY(accept(server, bad, &length));
    SAY(accept(server, (struct sockaddr *)&name, bad));
    SAY(connect(server, bad, sizeof to));
    SAY(sendto(fd, "x", 1, 0, bad, sizeof to));
    SAY(sendto(fd, bad, 1, 0, (struct sockaddr *)&to, sizeof to));
    SAY(sendmsg(fd, bad, 0));
    SAY(sendmmsg(fd, bad, 1, 0));
    if (sizeof(time_t) <= sizeof(long)) { /* what they are called with longer times reads it in libc */
        SAY(recvmsg(fd, bad, MSG_DONTWAIT));
        SAY(recvmmsg(fd, bad, 1, MSG_DONTWAIT, NULL));
    }
    echo(world);
    SAY(recvfrom(fd, data, sizeof data, MSG_PEEK, bad, &length));
    SAY(recvfrom(fd, data, sizeof data, MSG_PEEK, (struct sockaddr *)&name, bad));
    SAY(recvfrom(fd, bad, 1, MSG_PEEK, (struct sockaddr *)&name, &length));
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = bad, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    SAY(sendmsg(fd, &message, 0));
    SAY(recvmsg(fd, &message, MSG_PEEK));
    message = (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = bad, .msg_iovlen = 1};
    SAY(sendmsg(fd, &message, 0));
    message = (struct msghdr){.msg_name = &to,
                              .msg_namelen = sizeof to,
                              .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = bad,
                              .msg_controllen = 64};
    SAY(sendmsg(fd, &message, 0));
    SAY(setsockopt(fd, IPPROTO_IP, IP_TTL, bad, sizeof(int)));
    SAY(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, bad, sizeof(struct ip_mreq)));
    SAY(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, bad, &length));
    SAY(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, data, bad));
    SAY(poll(bad, 1, 0));
    SAY(select(3, bad, NULL, NULL, &(struct timeval){0}));
    SAY(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, bad));
}

static void pointers(void)
{
    if (under_sanitizer("")) /* which follows them */
        return;
    bad_pointers((void *)-1);
    bad_pointers((void *)1);
}

/* ---- Each part, for both families */

#define PARTS(PART)              \
    PART(signals)                \
    PART(sleepers)               \
    PART(closed_behind_our_back) \
    PART(pointers)

PARTS(AS_BARE_DEFINE)

int main(int argc, char **argv)
{
    const struct part parts[] = {PARTS(AS_BARE_PARTS){NULL, NULL}};
    const struct CMUnitTest tests[] = {PARTS(AS_BARE_TEST)};
    return SUPPORT_MAIN(parts, tests);
}
