/* Forged datagrams, IPv6 packets with an IPv4-mapped source: they wake nobody, and nobody reads them. */
#include "../forger.h"
#include "../support.h"
#include "core/base/error_text.h"
#include "preload/base/limit.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#define DATA_SIZE    64
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BURST        16 /* filters that a process attaches at once: src/preload/upgrade/forgery.h */

static struct sock_filter no_others[] = {
    /* Behind the UDP header: "ot". */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'o' << 8 | 't', 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* ---- Each way to wait: whether it says that there is something */

static struct timespec no_time;

static bool by_select(int fd)
{
    fd_set set;
    struct timeval limit = {0};
    FD_ZERO(&set);
    FD_SET(fd, &set);
    int ready = select(fd + 1, &set, NULL, NULL, &limit);
    assert_int_equal(ready, FD_ISSET(fd, &set) ? 1 : 0);
    return ready == 1;
}

static bool by_pselect(int fd)
{
    fd_set set, exceptional;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    exceptional = set;
    return pselect(fd + 1, &set, NULL, &exceptional, &no_time, NULL) == 1;
}

static bool by_poll(int fd)
{
    struct pollfd polled[2] = {{.fd = -1}, {.fd = fd, .events = POLLIN}};
    int ready = poll(polled, 2, 0);
    assert_int_equal(ready, polled[1].revents != 0);
    return ready == 1;
}

static bool by_long_poll(int fd)
{
    static struct pollfd polled[1500];
    for (size_t i = 0; i < COUNT(polled); i++)
        polled[i] = (struct pollfd){.fd = i == COUNT(polled) - 2 ? fd : -1, .events = POLLIN};
    return poll(polled, COUNT(polled), 0) == 1;
}

static bool by_ppoll(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN | POLLRDNORM};
    return ppoll(&polled, 1, &no_time, NULL) == 1;
}

/* How a set is told of the socket, and what is kept with it. */
static bool by_epoll(int fd, uint32_t how, uint64_t data, int (*wait_for)(int, struct epoll_event *))
{
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | how, .data.u64 = data}, told[2];
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
    int count = wait_for(set, told);
    if (count == 1)
        assert_true(told[0].data.u64 == data);
    if (count == 0 && (how & EPOLLONESHOT) != 0) { /* it is armed as before */
        char data_there[DATA_SIZE];
        uint16_t port = world_port(fd);
        world_close(world_says("2001:db8::2", "2001:db8::1", port));
        assert_int_equal(epoll_wait(set, told, 2, 5000), 1);
        assert_int_equal(recv(fd, data_there, sizeof data_there, 0), 4);
    }
    close(set);
    return count == 1;
}

static int wait_plain(int set, struct epoll_event *told)
{
    return epoll_wait(set, told, 2, 0);
}

static int wait_masked(int set, struct epoll_event *told)
{
    return epoll_pwait(set, told, 2, 0, NULL);
}

static int wait_precisely(int set, struct epoll_event *told)
{
#if HAS_GLIBC(2, 35)
    return epoll_pwait2(set, told, 2, &no_time, NULL);
#else
    return epoll_pwait(set, told, 2, 0, NULL);
#endif
}

static bool by_epoll_wait(int fd)
{
    return by_epoll(fd, 0, (uint64_t)fd, wait_plain);
}

static bool by_epoll_of_a_pointer(int fd)
{
    return by_epoll(fd, EPOLLET, UINT64_C(0x7fff12345678), wait_masked);
}

static bool by_epoll_once(int fd)
{
    return by_epoll(fd, EPOLLONESHOT, (uint64_t)fd, wait_precisely);
}

/* ---- Each way to read: the same */

static bool is_word(ssize_t got, const char *data)
{
    if (got < 0)
        assert_int_equal(errno, EAGAIN);
    if (got >= 0 && (got != 4 || memcmp(data, "word", 4) != 0))
        fail_msg("received %.*s", (int)got, data);
    return got >= 0;
}

static bool by_recv(int fd)
{
    char data[DATA_SIZE];
    return is_word(recv(fd, data, sizeof data, 0), data);
}

static bool by_peek(int fd)
{
    char data[DATA_SIZE];
    return is_word(recv(fd, data, sizeof data, MSG_PEEK), data);
}

static bool by_recvfrom(int fd)
{
    char data[DATA_SIZE];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t got = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length);
    if (got >= 0)
        assert_true(is_alias(peer.sin_addr));
    return is_word(got, data);
}

static bool by_recvfrom_nobody(int fd)
{
    char data[DATA_SIZE];
    return is_word(recvfrom(fd, data, sizeof data, 0, NULL, NULL), data);
}

static bool by_recvmsg(int fd)
{
    char data[DATA_SIZE];
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return is_word(recvmsg(fd, &message, 0), data);
}

/* Several at once, the first of which asks for no address, or all. */
static bool by_recvmmsg(int fd)
{
    char data[3][DATA_SIZE];
    struct sockaddr_in peers[3];
    struct iovec parts[3];
    struct mmsghdr messages[3] = {{.msg_len = 0}};
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct iovec){data[i], DATA_SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        if (i > 0) {
            messages[i].msg_hdr.msg_name = &peers[i];
            messages[i].msg_hdr.msg_namelen = sizeof peers[i];
        }
    }
    int count = recvmmsg(fd, messages, 3, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        is_word((ssize_t)messages[i].msg_len, data[i]);
    return count > 0;
}

static const struct {
    const char *name;
    bool (*says)(int fd);
} waits[] =
    {
        {"select", by_select},
        {"pselect", by_pselect},
        {"poll", by_poll},
        {"ppoll", by_ppoll},
        {"poll of many", by_long_poll},
        {"epoll_wait", by_epoll_wait},
        {"epoll_pwait", by_epoll_of_a_pointer},
        {"epoll_pwait2", by_epoll_once},
},
  readers[] = {
      {"recv", by_recv},         {"MSG_PEEK", by_peek},
      {"recvfrom", by_recvfrom}, {"recvfrom NULL", by_recvfrom_nobody},
      {"recvmsg", by_recvmsg},   {"recvmmsg", by_recvmmsg},
};

/* Prints what is woken by a forged datagram, or misses a true one. */
static void try_all(int fd, uint16_t port)
{
    for (size_t i = 0; i < COUNT(waits); i++) {
        world_forges_to(port);
        if (waits[i].says(fd))
            printf("%s woke ", waits[i].name);
        world_close(world_says("2001:db8::2", "2001:db8::1", port));
        if (!waits[i].says(fd))
            printf("%s missed ", waits[i].name);
        empty_queue(fd);
    }
    for (size_t i = 0; i < COUNT(readers); i++) {
        world_forges_to(port);
        if (readers[i].says(fd))
            printf("%s read ", readers[i].name);
        world_forges_to(port);
        world_close(world_says("2001:db8::2", "2001:db8::1", port));
        if (!readers[i].says(fd))
            printf("%s missed ", readers[i].name);
        empty_queue(fd);
    }
}

/* What no hook sees: SIGIO, read(), a system call of the program's own. */
static void try_past_hooks(int fd, uint16_t port)
{
    char data[DATA_SIZE];
    struct sigaction action = {.sa_handler = count_signal};
    int waiting = -1;
    signals = 0;
    sigaction(SIGIO, &action, NULL);
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
    world_forges_to(port);
    ioctl(fd, FIONREAD, &waiting);
    printf("signals %d, waiting %d, ", (int)signals, waiting);
    printf("read %d, ", (int)read(fd, data, sizeof data));
    printf("system call %d; ", (int)syscall(SYS_recvfrom, fd, data, sizeof data, MSG_DONTWAIT, NULL, NULL));
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    printf("word %d\n", (int)read(fd, data, sizeof data));
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

#define PAST_HOOKS "signals 0, waiting 0, read -1, system call -1; word 4\n"

static void part_server(void)
{
    uint16_t port;
    int fd = bound_datagrams(&port);
    try_all(fd, port);
    try_past_hooks(fd, port);
}

static void part_own_filter(void)
{
    struct sock_fprog program = {.len = COUNT(no_others), .filter = no_others};
    struct sock_filter found[COUNT(no_others) + 4];
    socklen_t count = COUNT(found);
    uint16_t port;
    int none = 0, fd = bound_datagrams(&port);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    try_all(fd, port);
    try_past_hooks(fd, port);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, found, &count), 0);
    socklen_t only_count = 0, too_few = 1;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &only_count), 0);
    assert_int_equal(only_count, COUNT(no_others));
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, found, &too_few), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, (void *)(uintptr_t)8192, &count), -1);
    assert_int_equal(errno, EFAULT);
    printf("its own %d\n", count == COUNT(no_others) && memcmp(found, no_others, sizeof no_others) == 0);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    int other = world_datagrams("2001:db8::2", 0);
    struct sockaddr_in6 there = ipv6_at("2001:db8::1", port);
    syscall(SYS_sendto, other, "other", 5, 0, &there, sizeof there); /* which it doesn't want */
    world_close(other);
    printf("words %d ", by_recv(fd));
    printf("%d\n", by_recv(fd));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), 0);
    try_past_hooks(fd, port);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), -1);
    assert_int_equal(errno, ENOENT);
}

/* The filter was there before IPv6 came to the socket, and is locked. */
static void part_filter_before(void)
{
    struct sock_fprog program = {.len = 1, .filter = &(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    try_all(fd, world_port(fd));
    try_past_hooks(fd, world_port(fd));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on), -1);
    assert_int_equal(errno, EPERM);
}

/* One of many sockets: there is no filter left for it. */
static void part_many(void)
{
    uint16_t port;
    for (int i = 0; i < BURST; i++)
        bound_datagrams(&port);
    int fd = bound_datagrams(&port);
    world_forges_to(port);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    printf("kernel %d ", (int)syscall(SYS_ppoll, &polled, 1, &no_time, NULL, 8)); /* so it is let in */
    empty_queue(fd);
    try_all(fd, port);
    printf("\n");
}

/* Calls that may sleep: they sleep on, as long as they would have. */
static void part_blocking(void)
{
    uint16_t port;
    for (int i = 0; i < BURST; i++)
        bound_datagrams(&port);
    int fd = bound_datagrams(&port);
    char data[DATA_SIZE] = "";
    struct timeval limit = {.tv_usec = 50000};
    fcntl(fd, F_SETFL, 0);
    world_forges_to(port);
    world_forges_to(port);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    printf("%d ", (int)recv(fd, data, sizeof data, 0));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    world_forges_to(port);
    printf("%d ", (int)recv(fd, data, sizeof data, 0));
    printf("%s ", error_name(errno));
    world_forges_to(port);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    printf("%d ", (int)recv(fd, data, sizeof data, 0));
    /* Two are waiting: a time-out beyond all counting doesn't come between them. */
    struct timespec long_time = {.tv_sec = LIMIT_MOST_S};
    struct iovec part = {data, sizeof data};
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};
    messages[1] = messages[0];
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    printf("%d ", recvmmsg(fd, messages, 2, 0, &long_time));
    long_time = (struct timespec){.tv_nsec = -1};
    printf("%d ", recvmmsg(fd, messages, 2, 0, &long_time));
    printf("%s ", error_name(errno));
    /* Waiting for two sockets, of which one has only forged ones. */
    int other = bound_datagrams(&port);
    world_close(world_says("2001:db8::2", "2001:db8::1", port));
    world_forges_to(world_port(fd));
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    printf("%d ", poll(polled, 2, -1));
    printf("%d %d\n", polled[0].revents, polled[1].revents);
}

static void part_inherited(void)
{
    int fd = (int)syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), off = 0;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    assert_int_equal(syscall(SYS_bind, fd, &any, sizeof any), 0);
    assert_false(by_recvfrom(fd)); /* it is looked at */
    for (size_t i = 0; i < COUNT(waits); i++) {
        bool is_epoll = strncmp(waits[i].name, "epoll", 5) == 0; /* such a registration isn't on record */
        world_forges_to(world_port(fd));
        if (!is_epoll && waits[i].says(fd))
            printf("%s woke ", waits[i].name);
    }
    for (size_t i = 0; i < COUNT(readers); i++) {
        world_forges_to(world_port(fd));
        if (readers[i].says(fd))
            printf("%s read ", readers[i].name);
    }
}

/* An error that waits is the program's to take. */
static void part_error(void)
{
    uint16_t port;
    for (int i = 0; i < BURST; i++)
        bound_datagrams(&port);
    struct sockaddr_in peer = ipv4_at("192.0.2.2", 0);
    int nobody = world_datagrams("192.0.2.2", 0), fd = bound_datagrams(&port);
    peer.sin_port = htons(world_port(nobody));
    world_close(nobody);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    printf("%d ", select(fd + 1, &set, NULL, NULL, NULL));
    printf("%d ", poll(&polled, 1, -1));
    printf("%#x ", (unsigned)polled.revents & POLLERR);
    char byte;
    printf("%d ", (int)recv(fd, &byte, 1, 0));
    printf("%s ", error_name(errno));
    /* Its address is the one that was sent to, and nothing comes with it that would prove it. */
    struct sockaddr_in offender = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_name = &offender, .msg_namelen = sizeof offender, .msg_iov = &part, .msg_iovlen = 1};
    int on = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
    static char too_much[65520];
    assert_int_equal(send(fd, too_much, sizeof too_much, 0), -1);
    printf("%d ", (int)recvmsg(fd, &message, MSG_ERRQUEUE));
    printf("%s\n", text_of(offender.sin_addr));
}

/* ---- Tests */

static void test_forged_datagrams_reached_a_server(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("server", NULL), PAST_HOOKS);
}

static void test_filter_of_the_program_let_them_in(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("own_filter", NULL), PAST_HOOKS "its own 1\nwords 1 0\n" PAST_HOOKS);
    assert_string_equal(part_output("filter_before", NULL), PAST_HOOKS);
}

static void test_sockets_without_a_filter_let_them_in(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("many", NULL), "kernel 1 \n");
    assert_string_equal(part_output("blocking", NULL), "4 -1 EAGAIN 4 2 -1 EINVAL 1 0 1\n");
    assert_string_equal(part_output("inherited", NULL), "");
}

static void test_error_was_taken_for_a_datagram(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("error", NULL), "1 1 0x8 -1 ECONNREFUSED 0 192.0.2.2\n");
}

static const struct part parts[] = {
    {"server", part_server},
    {"own_filter", part_own_filter},
    {"filter_before", part_filter_before},
    {"many", part_many},
    {"blocking", part_blocking},
    {"inherited", part_inherited},
    {"error", part_error},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_datagrams_reached_a_server),
        cmocka_unit_test(test_filter_of_the_program_let_them_in),
        cmocka_unit_test(test_sockets_without_a_filter_let_them_in),
        cmocka_unit_test(test_error_was_taken_for_a_datagram),
    };
    return SUPPORT_MAIN(parts, tests);
}
