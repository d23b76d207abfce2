/* UDP sockets that were in use before IPv6 came to them: what they had has to be there afterwards. */
#include "support.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#ifndef SO_GET_FILTER
#define SO_GET_FILTER SO_ATTACH_FILTER
#endif
#define PATIENCE_MS 2000

static struct sockaddr_in address_of(struct in_addr address, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
}

static int datagram_socket(void)
{
    struct timeval limit = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

/* Sends as a program did before it knew any alias: the library has nothing to do with it. */
static void send_before(int fd, const struct sockaddr_in *to)
{
    assert_int_equal(syscall(SYS_sendto, fd, "before", 6, 0, to, sizeof *to), 6);
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(local.sin_family, AF_INET);
    return ntohs(local.sin_port);
}

static void world_send_to_port(int world, const char *data, size_t size, uint16_t port)
{
    struct sockaddr_in to = ipv4_at("192.0.2.1", port);
    assert_int_equal(syscall(SYS_sendto, world, data, size, 0, &to, sizeof to), size);
}

/* The next datagram that the world gets, and the port where it came from. */
static uint16_t world_receive(int world, const char *expected)
{
    struct sockaddr_in6 from = {0};
    socklen_t length = sizeof from;
    char data[64] = "";
    struct pollfd polled = {.fd = world, .events = POLLIN};
    if (poll(&polled, 1, PATIENCE_MS) != 1)
        fail_msg("no datagram, where '%s' was to come", expected);
    assert_int_equal(syscall(SYS_recvfrom, world, data, sizeof data - 1, 0, &from, &length), strlen(expected));
    assert_string_equal(data, expected);
    return ntohs(from.sin6_port);
}

static void send_to(int fd, const char *data, const struct sockaddr_in *to)
{
    errno = NO_ERROR;
    if (sendto(fd, data, strlen(data), 0, (const struct sockaddr *)to, sizeof *to) != (ssize_t)strlen(data))
        fail_msg("'%s' cannot be sent to %s: %s", data, text_of(to->sin_addr), strerror(errno));
    assert_int_equal(errno, NO_ERROR);
}

static void receive_from(int fd, int flags, const char *expected, const struct sockaddr_in *source)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    char data[64] = "";
    ssize_t size = recvfrom(fd, data, sizeof data - 1, flags, (struct sockaddr *)&from, &length);
    if (size < 0)
        fail_msg("'%s' cannot be received: %s", expected, strerror(errno));
    assert_string_equal(data, expected);
    assert_int_equal(length, sizeof from);
    assert_memory_equal(&from, source, sizeof from);
}

#define LONG_SIZE 60000

static void test_queue_was_lost_when_ipv6_came(void **state)
{
    (void)state;
    static char text[LONG_SIZE], copy[LONG_SIZE + 1];
    int world4 = world_datagrams("192.0.2.2", 0), world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4)), from;
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    int set = epoll_create1(0), number = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
    send_before(fd, &peer4);
    uint16_t port = world_receive(world4, "before");
    memset(text, 'x', sizeof text);
    world_send_to_port(world4, "first", 5, port);
    world_send_to_port(world4, "", 0, port);
    world_send_to_port(world4, text, sizeof text, port);
    world_send_to_port(world4, "fourth", 6, port);
    world_send_to_port(world4, "fifth", 5, port);

    int descriptors = open_descriptors();
    send_to(fd, "hello", &peer6);
    assert_int_equal(world_receive(world6, "hello"), port);
    assert_int_equal(port_of(fd), port);
    assert_int_equal(fd, number);
    assert_int_equal(open_descriptors(), descriptors);
    memset(&event, 0, sizeof event);
    assert_int_equal(epoll_wait(set, &event, 1, 0), 1);
    assert_int_equal(event.data.u64, 77);
    receive_from(fd, MSG_PEEK, "first", &peer4);
    receive_from(fd, 0, "first", &peer4);
    receive_from(fd, 0, "", &peer4);
    struct iovec part = {copy, sizeof copy};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    assert_int_equal(recvmsg(fd, &message, 0), LONG_SIZE);
    assert_memory_equal(copy, text, LONG_SIZE);
    assert_memory_equal(&from, &peer4, sizeof from);
    assert_int_equal(read(fd, copy, sizeof copy), 6);
    assert_memory_equal(copy, "fourth", 6);
    struct mmsghdr several[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
    memset(&from, 0, sizeof from);
    assert_int_equal(recvmmsg(fd, several, 2, MSG_DONTWAIT, NULL), 1);
    assert_memory_equal(&from, &peer4, sizeof from);
    assert_int_equal(epoll_wait(set, &event, 1, 0), 0);
    /* And both families from then on. */
    world_send_to_port(world4, "later", 5, port);
    receive_from(fd, 0, "later", &peer4);
    send_to(fd, "again", &peer4);
    assert_int_equal(world_receive(world4, "again"), port);
    close(set);
    close(fd);
    world_close(world4);
    world_close(world6);
}

/* The same as a program does it: its first lookup comes when the socket is in use. */
static void use_and_look_up(void)
{
    char data[16] = "";
    int one = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0), world = world_datagrams("::1", 0);
    struct sockaddr_in local = ipv4_at("192.0.2.1", 0), from;
    socklen_t length = sizeof local;
    bind(one, (struct sockaddr *)&local, sizeof local);
    getsockname(one, (struct sockaddr *)&local, &length);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&local, sizeof local);
    length = sizeof from;
    recvfrom(one, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    from.sin_addr = local.sin_addr;
    sendto(one, "waiting", 7, 0, (struct sockaddr *)&from, sizeof from);
    struct sockaddr_in to = address_of(alias_of("2001:db8::1"), 9);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    length = sizeof from;
    ssize_t size = recvfrom(fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    printf("%zd %s from %s port %s", size, data, text_of(from.sin_addr),
           from.sin_port == local.sin_port ? "right" : "wrong");
    close(world);
}

static void test_queue_was_lost_by_the_first_lookup(void **state)
{
    (void)state;
    assert_string_equal(part_output("use_and_look_up", NULL), "7 waiting from 192.0.2.1 port right");
}

static void test_queue_was_lost_when_reconnected(void **state)
{
    (void)state;
    int world4 = world_datagrams("192.0.2.2", 0), world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4));
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    assert_int_equal(connect(fd, (struct sockaddr *)&peer4, sizeof peer4), 0);
    assert_int_equal(send(fd, "one", 3, 0), 3);
    uint16_t port = world_receive(world4, "one");
    struct sockaddr_in to = ipv4_at("192.0.2.2", port);
    assert_int_equal(syscall(SYS_sendto, world4, "wait", 4, 0, &to, sizeof to), 4);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer6, sizeof peer6), 0);
    assert_int_equal(send(fd, "two", 3, 0), 3);
    assert_int_equal(world_receive(world6, "two"), port);
    receive_from(fd, 0, "wait", &peer4);
    close(fd);
    world_close(world4);
    world_close(world6);
}

static void assert_peer(int fd, const struct sockaddr_in *expected)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(length, sizeof peer);
    assert_memory_equal(&peer, expected, sizeof peer);
}

/* From the world to an address of either family, where the program's socket is. */
static void world_answer(int world, uint16_t port, const char *address, const char *data)
{
    struct sockaddr_in6 ipv6 = {0};
    struct sockaddr_in ipv4;
    bool is_ipv6 = strchr(address, ':') != NULL;
    if (is_ipv6)
        ipv6 = ipv6_at(address, port);
    else
        ipv4 = ipv4_at(address, port);
    const void *to = is_ipv6 ? (const void *)&ipv6 : (const void *)&ipv4;
    socklen_t length = is_ipv6 ? sizeof ipv6 : sizeof ipv4;
    assert_int_equal(syscall(SYS_sendto, world, data, strlen(data), 0, to, length), strlen(data));
}

/* connect() to one family, sendto() to the other: the datagram goes out, and the socket still hears its peer alone.
 */
static void test_connected_socket_could_not_send_elsewhere(void **state)
{
    (void)state;
    int world4 = world_datagrams("192.0.2.2", 0), world6 = world_datagrams("2001:db8::1", 0);
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4));
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    char byte;
    for (int bound = 0; bound < 2; bound++) {
        int fd = datagram_socket();
        struct sockaddr_in any = {.sin_family = AF_INET};
        if (bound)
            assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&peer4, sizeof peer4), 0);
        assert_int_equal(send(fd, "one", 3, 0), 3);
        uint16_t port = world_receive(world4, "one");
        send_to(fd, "two", &peer6);
        assert_int_equal(world_receive(world6, "two"), port);
        struct iovec part = {(char[]){"three"}, 5};
        struct msghdr message = {.msg_name = &peer6, .msg_namelen = sizeof peer6, .msg_iov = &part, .msg_iovlen = 1};
        assert_int_equal(sendmsg(fd, &message, 0), 5);
        assert_int_equal(world_receive(world6, "three"), port);
        assert_peer(fd, &peer4);
        world_answer(world6, port, "2001:db8::1", "not heard");
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        assert_int_equal(send(fd, "four", 4, 0), 4);
        assert_int_equal(world_receive(world4, "four"), port);
        world_send_to_port(world4, "heard", 5, port);
        close(fd);

        fd = datagram_socket();
        if (bound)
            assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&peer6, sizeof peer6), 0);
        send_to(fd, "five", &peer4);
        port = world_receive(world4, "five");
        world_send_to_port(world4, "not heard", 9, port);
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        assert_peer(fd, &peer6);
        assert_int_equal(send(fd, "six", 3, 0), 3);
        assert_int_equal(world_receive(world6, "six"), port);
        close(fd);
    }
    world_close(world4);
    world_close(world6);
}

/* Linux goes on to refuse what doesn't come from the former peer, on sockets of IPv6 alone. */
static void test_disconnected_socket_heard_its_former_peer_alone(void **state)
{
    (void)state;
    int worlds[] = {world_datagrams("2001:db8::1", 0), world_datagrams("2001:db8::2", 0),
                    world_datagrams("192.0.2.2", 0)};
    const char *const from[] = {"2001:db8::1", "2001:db8::2", "192.0.2.2"}; /* the host sends to itself */
    struct sockaddr_in peers[] = {address_of(alias_of("2001:db8::1"), world_port(worlds[0])),
                                  address_of(alias_of("2001:db8::2"), world_port(worlds[1])),
                                  ipv4_at("192.0.2.2", world_port(worlds[2]))};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    for (int bound = 0; bound < 2; bound++) {
        for (int peer = 0; peer < 3; peer++) {
            int fd = datagram_socket(), set = epoll_create1(0);
            struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(24651)};
            struct epoll_event event = {.events = EPOLLIN};
            assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
            if (bound)
                assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
            send_to(fd, "first", &peers[(peer + 1) % 3]);
            world_receive(worlds[(peer + 1) % 3], "first");
            assert_int_equal(connect(fd, (struct sockaddr *)&peers[peer], sizeof peers[peer]), 0);
            assert_int_equal(send(fd, "x", 1, 0), 1);
            uint16_t port = world_receive(worlds[peer], "x");
            world_answer(worlds[peer], port, from[peer], "waits");
            /* Twice: what waits is moved, and moved again. */
            assert_int_equal(connect(fd, &nowhere, sizeof nowhere), 0);
            assert_int_equal(connect(fd, (struct sockaddr *)&peers[peer], sizeof peers[peer]), 0);
            assert_int_equal(connect(fd, &nowhere, sizeof nowhere), 0);
            assert_int_equal(epoll_wait(set, &event, 1, 0), 1);
            receive_from(fd, 0, "waits", &peers[peer]);
            assert_true(!bound || port_of(fd) == port);
            for (int other = 0; other < 3; other++) {
                send_to(fd, "question", &peers[other]);
                port = world_receive(worlds[other], "question");
                world_answer(worlds[other], port, from[other], "answer");
                receive_from(fd, 0, "answer", &peers[other]);
            }
            close(set);
            close(fd);
        }
    }
    for (int i = 0; i < 3; i++)
        world_close(worlds[i]);
}

/* A socket that is bound to one IPv4 address stays on it, upgraded or not. */
static void test_bound_socket_left_its_address(void **state)
{
    (void)state;
    int world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    struct sockaddr_in local = ipv4_at("192.0.2.2", 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&peer6, sizeof peer6), -1);
    assert_int_equal(errno, ENETUNREACH);
    close(fd);
    world_close(world6);
}

static void test_bound_socket_was_bound_again(void **state)
{
    (void)state;
    int world4 = world_datagrams("192.0.2.2", 0), fd = datagram_socket();
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4)), any = {.sin_family = AF_INET};
    struct sockaddr_in alias = address_of(alias_of("2001:db8::1"), 0);
    send_before(fd, &peer4);
    uint16_t port = port_of(fd);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(bind(fd, (struct sockaddr *)&alias, sizeof alias), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(port_of(fd), port);
    close(fd);
    world_close(world4);
}

/* ---- Filters of the program's own */

#define FILTER_SIZE 4

/* Lets datagrams pass whose first byte is this one (behind the UDP header, where the program's view begins). */
static void filter_of(struct sock_filter filter[FILTER_SIZE], char wanted)
{
    const struct sock_filter made[FILTER_SIZE] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)wanted, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    memcpy(filter, made, sizeof made);
}

static void attach(int fd, char wanted)
{
    struct sock_filter filter[FILTER_SIZE];
    filter_of(filter, wanted);
    struct sock_fprog program = {.len = FILTER_SIZE, .filter = filter};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
}

static void assert_filter(int fd, char wanted)
{
    struct sock_filter filter[FILTER_SIZE], found[16] = {{0}};
    socklen_t count = 16;
    filter_of(filter, wanted);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, found, &count), 0);
    assert_int_equal(count, FILTER_SIZE);
    assert_memory_equal(found, filter, sizeof filter);
}

static void test_filter_kept_ipv6_away(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    int world6 = world_datagrams("2001:db8::1", 0), world4 = world_datagrams("192.0.2.2", 0), on = 1;
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4));
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    int fd = datagram_socket();
    attach(fd, 'y');
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on), 0);
    send_before(fd, &peer4);
    uint16_t port = world_receive(world4, "before");
    world_send_to_port(world4, "yes", 3, port);
    send_to(fd, "question", &peer6);
    assert_int_equal(world_receive(world6, "question"), port);
    assert_filter(fd, 'y');
    world_answer(world6, port, "2001:db8::1", "no");
    world_answer(world6, port, "2001:db8::1", "yes, six");
    world_send_to_port(world4, "no", 2, port);
    world_send_to_port(world4, "yes, four", 9, port);
    receive_from(fd, 0, "yes", &peer4);
    receive_from(fd, 0, "yes, six", &peer6);
    receive_from(fd, 0, "yes, four", &peer4);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on), -1);
    assert_int_equal(errno, EPERM);
    close(fd);
    world_close(world4);
    world_close(world6);
}

static void test_filter_of_nobody_was_seen(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    struct sockaddr_in alias = address_of(alias_of("2001:db8::1"), 9);
    struct sock_filter found[16];
    socklen_t count = 16;
    int fd = datagram_socket(), on = 1;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &(int){0}, sizeof(int)), 0);
    send_to(fd, "x", &alias);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, found, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on), -1);
    assert_int_equal(errno, ENOENT);
    attach(fd, 'y');
    assert_filter(fd, 'y');
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on), -1);
    close(fd);
}

/* The program binds 0.0.0.0, attaches its filter and then wants [::] for itself. A part: it makes the process aware.
 */
static void give_back(void)
{
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6};
    int fds[2], on = 1;
    for (int i = 0; i < 2; i++) {
        fds[i] = socket(AF_INET, types[i], 0);
        bind(fds[i], (struct sockaddr *)&any, sizeof any);
        attach(fds[i], 'y');
        setsockopt(fds[i], IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
        printf("%d ", socket_family(fds[i]) == AF_INET6);
    }
    for (int i = 0; i < 2; i++) {
        int ipv6 = socket(AF_INET6, types[i], 0), wants = 0;
        socklen_t length = sizeof wants;
        setsockopt(ipv6, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        any6.sin6_port = htons(port_of(fds[i]));
        printf("bind %d ", bind(ipv6, (struct sockaddr *)&any6, sizeof any6));
        getsockopt(fds[i], IPPROTO_IP, IP_PKTINFO, &wants, &length);
        printf("family %d, PKTINFO %d; ", socket_family(fds[i]), wants);
        assert_filter(fds[i], 'y');
    }
}

static void test_filter_was_lost_by_a_give_back(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    assert_string_equal(part_output("give_back", NULL),
                        "1 1 bind 0 family 2, PKTINFO 1; bind 0 family 2, PKTINFO 1; ");
}

/* ---- Multicast groups */

#define ROUNDS 1000

static void change_group(int fd, int name, const char *group, const char *interface)
{
    struct ip_mreqn request = {0};
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    inet_pton(AF_INET, interface, &request.imr_address);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, name, &request, sizeof request), 0);
}

static void change_source(int fd, int name, const char *group, const char *source)
{
    struct ip_mreq_source request = {0};
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    inet_pton(AF_INET, source, &request.imr_sourceaddr);
    inet_pton(AF_INET, "192.0.2.1", &request.imr_interface);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, name, &request, sizeof request), 0);
}

static void change_portable(int fd, int name, const char *group, const char *source)
{
    struct group_source_req request = {.gsr_interface = 1};
    struct group_req plain = {.gr_interface = 1};
    struct sockaddr_in address = ipv4_at(group, 0);
    memcpy(&request.gsr_group, &address, sizeof address);
    memcpy(&plain.gr_group, &address, sizeof address);
    if (source == NULL) {
        assert_int_equal(setsockopt(fd, IPPROTO_IP, name, &plain, sizeof plain), 0);
        return;
    }
    address = ipv4_at(source, 0);
    memcpy(&request.gsr_source, &address, sizeof address);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, name, &request, sizeof request), 0);
}

/* How many groups the socket is in, of the first so many of 239.255.0.0: those that can't be joined once more. */
static unsigned groups_of(int fd, unsigned count)
{
    unsigned joined = 0;
    for (unsigned i = 0; i < count; i++) {
        struct ip_mreqn request = {.imr_multiaddr.s_addr = htonl(0xefff0000 + i), .imr_ifindex = 1};
        if (syscall(SYS_setsockopt, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
            assert_int_equal(errno, EADDRINUSE);
            joined |= 1U << i;
        }
    }
    return joined;
}

static void test_groups_that_were_left_stayed_on_record(void **state)
{
    (void)state;
    int world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer6 = address_of(alias_of("2001:db8::1"), world_port(world6));
    for (int i = 0; i < ROUNDS; i++) {
        change_group(fd, IP_ADD_MEMBERSHIP, "239.255.0.0", "192.0.2.1");
        change_group(fd, IP_DROP_MEMBERSHIP, "239.255.0.0", "192.0.2.1");
        change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.255.0.1", "192.0.2.7");
        change_source(fd, IP_DROP_SOURCE_MEMBERSHIP, "239.255.0.1", "192.0.2.7");
        change_portable(fd, MCAST_JOIN_GROUP, "239.255.0.2", NULL);
        change_portable(fd, MCAST_BLOCK_SOURCE, "239.255.0.2", "192.0.2.7");
        change_portable(fd, MCAST_UNBLOCK_SOURCE, "239.255.0.2", "192.0.2.7");
        change_portable(fd, MCAST_BLOCK_SOURCE, "239.255.0.2", "192.0.2.8");
        change_portable(fd, MCAST_LEAVE_GROUP, "239.255.0.2", NULL);
        change_portable(fd, MCAST_JOIN_SOURCE_GROUP, "239.255.0.3", "192.0.2.7");
        change_portable(fd, MCAST_LEAVE_SOURCE_GROUP, "239.255.0.3", "192.0.2.7");
    }
    change_group(fd, IP_ADD_MEMBERSHIP, "239.255.0.4", "192.0.2.1");
    change_portable(fd, MCAST_JOIN_GROUP, "239.255.0.5", NULL);
    change_portable(fd, MCAST_JOIN_SOURCE_GROUP, "239.255.0.6", "192.0.2.7");
    change_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "239.255.0.7", "192.0.2.7");
    send_to(fd, "x", &peer6);
    world_receive(world6, "x");
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_int_equal(groups_of(fd, 9), 0xf0);
    close(fd);
    world_close(world6);
}

int main(int argc, char **argv)
{
    const struct part parts[] = {{"use_and_look_up", use_and_look_up}, {"give_back", give_back}, {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_was_lost_when_ipv6_came),
        cmocka_unit_test(test_queue_was_lost_by_the_first_lookup),
        cmocka_unit_test(test_queue_was_lost_when_reconnected),
        cmocka_unit_test(test_connected_socket_could_not_send_elsewhere),
        cmocka_unit_test(test_disconnected_socket_heard_its_former_peer_alone),
        cmocka_unit_test(test_bound_socket_left_its_address),
        cmocka_unit_test(test_bound_socket_was_bound_again),
        cmocka_unit_test(test_filter_kept_ipv6_away),
        cmocka_unit_test(test_filter_of_nobody_was_seen),
        cmocka_unit_test(test_filter_was_lost_by_a_give_back),
        cmocka_unit_test(test_groups_that_were_left_stayed_on_record),
    };
    return SUPPORT_MAIN(parts, tests);
}
