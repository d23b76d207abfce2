/*
 * What a program sees of its sockets, call by call, has to be the same bare, under the library, and under the library
 * with an IPv6 host where there was one of IPv4. So each part tells its results, and nothing that depends on the
 * address.
 */
#include "support.h"

#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SAY(call) say(#call, (errno = NO_ERROR, (long)(call)))

static const char *host; /* as the program knows it, and where it really is */
static const char *place;

static long say(const char *call, long result)
{
    int error = errno;
    printf("%s = %ld %s\n", call, result, error == NO_ERROR ? "" : strerrorname_np(error));
    return result;
}

static struct sockaddr_in host_at(int world)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(world_port(world)), .sin_addr = first_address(host)};
}

static void say_name(const struct sockaddr_in *name, socklen_t length, const struct sockaddr_in *expected)
{
    printf("length %u, family %d, %s address, %s port\n", (unsigned)length, name->sin_family,
           name->sin_addr.s_addr == expected->sin_addr.s_addr ? "its"
           : name->sin_addr.s_addr == 0                       ? "no"
                                                              : "another",
           name->sin_port == expected->sin_port ? "its" : "another");
}

/* Sends the next datagram back, and says how long it was. */
static void echo(int world)
{
    static char data[70000];
    struct sockaddr_in6 from;
    socklen_t length = sizeof from;
    struct pollfd polled = {.fd = world, .events = POLLIN};
    struct timespec limit = {.tv_sec = 2};
    if (syscall(SYS_ppoll, &polled, 1, &limit, NULL, 0) != 1) {
        printf("nothing to echo\n");
        return;
    }
    long size = syscall(SYS_recvfrom, world, data, sizeof data, 0, &from, &length);
    printf("echo of %ld\n", size);
    syscall(SYS_sendto, world, data, size, 0, &from, length);
}

static int datagram_socket(void)
{
    struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

/* ---- Datagrams */

#define MESSAGES 4

static void several_at_once(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world), names[MESSAGES];
    char data[MESSAGES][8] = {"a", "bb", "", "dddd"};
    struct iovec parts[MESSAGES];
    struct mmsghdr messages[MESSAGES] = {0};
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec){data[i], strlen(data[i])};
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    SAY(sendmmsg(fd, messages, MESSAGES, 0));
    for (size_t i = 0; i < MESSAGES; i++)
        echo(world);
    messages[1].msg_hdr.msg_name = NULL;
    SAY(sendmmsg(fd, messages, MESSAGES, 0));
    echo(world);
    SAY(sendmmsg(fd, messages + 1, 2, 0));
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i].iov_len = i == 3 ? 2 : sizeof data[i];
        messages[i].msg_hdr.msg_name = &names[i];
        messages[i].msg_hdr.msg_namelen = i == 2 ? 4 : sizeof names[i];
    }
    SAY(recvmmsg(fd, messages, MESSAGES, MSG_WAITFORONE, NULL));
    for (size_t i = 0; i < MESSAGES; i++) {
        printf("%u bytes, flags %#x, ", messages[i].msg_len, (unsigned)messages[i].msg_hdr.msg_flags);
        say_name(i == 2 ? &to : &names[i], messages[i].msg_hdr.msg_namelen, &to);
    }
    SAY(recvmmsg(fd, messages, 2, MSG_DONTWAIT, &(struct timespec){.tv_nsec = 1}));
    SAY(sendmmsg(fd, messages, 0, 0));
    SAY(recvmmsg(fd, messages, 0, MSG_DONTWAIT, NULL));
    messages[0].msg_hdr.msg_name = &to;
    SAY(sendmmsg(-1, messages, 1, 0));
}

static void lengths(void)
{
    static char data[65536];
    int world = world_datagrams(place, 0), fd = datagram_socket(), waiting;
    struct sockaddr_in to = host_at(world), from;
    socklen_t length = sizeof from;
    const struct sockaddr *name = (struct sockaddr *)&to;
    for (int i = 0; i < 3; i++) {
        SAY(sendto(fd, "0123456789", 10, 0, name, sizeof to));
        echo(world);
    }
    SAY(sendto(fd, NULL, 0, 0, name, sizeof to));
    echo(world);
    SAY(recvfrom(fd, data, 4, MSG_TRUNC | MSG_PEEK, (struct sockaddr *)&from, &length));
    SAY(recvfrom(fd, data, 4, 0, (struct sockaddr *)&from, &length));
    struct iovec part = {data, 4};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    SAY(recvmsg(fd, &message, MSG_TRUNC));
    printf("flags %#x\n", (unsigned)message.msg_flags);
    SAY(ioctl(fd, FIONREAD, &waiting));
    SAY(recv(fd, NULL, 0, MSG_TRUNC));
    SAY(recvfrom(fd, NULL, 0, 0, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    SAY(recv(fd, data, 4, MSG_DONTWAIT));
    SAY(sendto(fd, data, 65507, 0, name, sizeof to));
    echo(world);
    SAY(sendto(fd, data, 65536, 0, name, sizeof to));
    SAY(sendto(fd, data, 60000, MSG_MORE, name, sizeof to));
    SAY(sendto(fd, "x", 1, 0, name, sizeof to));
    echo(world);
}

static void destinations(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world), from;
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    socklen_t length = sizeof from;
    char data[16];
    SAY(connect(fd, (struct sockaddr *)&to, sizeof to));
    SAY(send(fd, "x", 1, 0));
    echo(world);
    SAY(connect(fd, &nowhere, sizeof nowhere));
    SAY(getpeername(fd, (struct sockaddr *)&from, &length));
    SAY(getsockname(fd, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    SAY(send(fd, "x", 1, 0));
    length = sizeof from;
    SAY(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length));
    say_name(&from, length, &to);
    static const socklen_t room[] = {0, 1, 15, 16, 17, 128, 129, (socklen_t)-1};
    struct sockaddr_storage longer = {0};
    memcpy(&longer, &to, sizeof to);
    for (size_t i = 0; i < sizeof room / sizeof room[0]; i++) {
        printf("length %d: ", (int)room[i]);
        SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&longer, room[i]));
        SAY(connect(fd, (struct sockaddr *)&longer, room[i]));
        SAY(connect(fd, &nowhere, sizeof nowhere));
    }
    struct sockaddr_in other = to;
    other.sin_port = 0;
    SAY(sendto(fd, "x", 1, 0, (struct sockaddr *)&other, sizeof other));
    SAY(sendto(fd, "x", 1, MSG_OOB, (struct sockaddr *)&to, sizeof to));
    SAY(sendto(-1, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    /* Old programs forget the family: the kernel takes none for AF_INET. */
    world = world_datagrams(place, 0);
    other = host_at(world);
    other.sin_family = AF_UNSPEC;
    SAY(sendto(fd, "no family", 9, 0, (struct sockaddr *)&other, sizeof other));
    echo(world);
    SAY(sendto(datagram_socket(), "no family", 9, 0, (struct sockaddr *)&other, sizeof other));
    echo(world);
}

static void errors(void)
{
    int world = world_datagrams(place, 0), fd = datagram_socket(), on = 1, error;
    struct sockaddr_in to = host_at(world), name;
    world_close(world);
    SAY(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
    SAY(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to));
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    SAY(poll(&polled, 1, 2000));
    printf("events %#x\n", (unsigned)polled.revents);
    char data[16] = "";
    union {
        struct cmsghdr header;
        char bytes[512];
    } control;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    SAY(recvmsg(fd, &message, MSG_ERRQUEUE));
    printf("%s, flags %#x, control %zu, ", data, (unsigned)message.msg_flags, message.msg_controllen);
    say_name(&name, message.msg_namelen, &to);
    struct sock_extended_err extended;
    memcpy(&extended, CMSG_DATA(&control.header), sizeof extended);
    memcpy(&name, CMSG_DATA(&control.header) + sizeof extended, sizeof name);
    printf("level %d type %d errno %u origin %u type %u code %u, ", control.header.cmsg_level,
           control.header.cmsg_type, extended.ee_errno, extended.ee_origin, extended.ee_type, extended.ee_code);
    say_name(&name, sizeof name, &to);
    SAY(recvmsg(fd, &message, MSG_ERRQUEUE));
    socklen_t length = sizeof error;
    SAY(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    SAY(recv(fd, data, sizeof data, MSG_DONTWAIT));
}

static void send_with(int fd, const struct sockaddr_in *to, int type, const void *value, size_t length)
{
    struct sockaddr_in name = *to;
    struct iovec part = {(char[]){"x"}, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(64)];
    } control = {.header = {.cmsg_level = IPPROTO_IP, .cmsg_type = type, .cmsg_len = CMSG_LEN(length)}};
    memcpy(CMSG_DATA(&control.header), value, length);
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(length)};
    printf("type %d, %zu bytes: ", type, length);
    SAY(sendmsg(fd, &message, 0));
}

static void control_messages(void)
{
    static const int values[] = {-1, 0, 1, 255, 256, 1000};
    int world = world_datagrams(place, 0), fd = datagram_socket();
    struct sockaddr_in to = host_at(world);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        printf("%d: ", values[i]);
        send_with(fd, &to, IP_TTL, &values[i], sizeof values[i]);
        send_with(fd, &to, IP_TOS, &values[i], sizeof values[i]);
    }
    static const char zeros[64];
    static const int types[] = {IP_TTL, IP_TOS, IP_PKTINFO, IP_RECVTTL, 99};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (size_t length = 0; length < 14; length += length < 4 ? 1 : 4)
            if (!((types[i] == IP_TTL) && length == 4))
                send_with(fd, &to, types[i], zeros, length);
}

/* ---- Descriptors */

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
    for (int i = 0; i < 2000 && signalled == 0; i++)
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

/* One thread sleeps on the socket before another one sends the first datagram. */
struct sleeper {
    int fd;
    long (*wait)(int fd);
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

#define LONG_MS 20000

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
        usleep(20000);
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
    SAY(recvmsg(fd, bad, MSG_DONTWAIT));
    SAY(sendmmsg(fd, bad, 1, 0));
    SAY(recvmmsg(fd, bad, 1, MSG_DONTWAIT, NULL));
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
    PART(several_at_once)        \
    PART(lengths)                \
    PART(destinations)           \
    PART(errors)                 \
    PART(control_messages)       \
    PART(signals)                \
    PART(sleepers)               \
    PART(closed_behind_our_back) \
    PART(pointers)

#define DEFINE(name)                                  \
    static void name##_ipv4(void)                     \
    {                                                 \
        host = "one4.example";                        \
        place = "192.0.2.1";                          \
        name();                                       \
    }                                                 \
    static void name##_ipv6(void)                     \
    {                                                 \
        host = "one6.example";                        \
        place = "2001:db8::1";                        \
        name();                                       \
    }                                                 \
    static void test_##name(void **state)             \
    {                                                 \
        (void)state;                                  \
        assert_as_bare(#name "_ipv4", #name "_ipv6"); \
    }

static void assert_as_bare(const char *ipv4, const char *ipv6)
{
    static char expected[PART_OUTPUT_SIZE];
    const struct part_result *bare = part_run_bare(ipv4);
    assert_int_equal(bare->status, 0);
    memcpy(expected, bare->output, sizeof expected);
    assert_string_equal(part_output(ipv4, NULL), expected);
    assert_string_equal(part_output(ipv6, NULL), expected);
}

PARTS(DEFINE)

int main(int argc, char **argv)
{
#define BOTH(name) {#name "_ipv4", name##_ipv4}, {#name "_ipv6", name##_ipv6},
#define TEST(name) cmocka_unit_test(test_##name),
    const struct part parts[] = {PARTS(BOTH){NULL, NULL}};
    const struct CMUnitTest tests[] = {PARTS(TEST)};
    return SUPPORT_MAIN(parts, tests);
}
