/* UDP sockets that were in use before IPv6 came to them: what they had has to be there afterwards. */
#include "../program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

/* Sends as a program did before it knew any alias: the library has nothing to do with it. */
static void send_before(int fd, const struct sockaddr_in *to)
{
    assert_int_equal(syscall(SYS_sendto, fd, "before", 6, 0, to, sizeof *to), 6);
}

static void world_send_to_port(int world, const char *data, size_t size, uint16_t port)
{
    struct sockaddr_in to = ipv4_at("192.0.2.1", port);
    assert_int_equal(syscall(SYS_sendto, world, data, size, 0, &to, sizeof to), size);
}

/* ---- What waits to be received */

#define LONG_SIZE 60000

static void test_queue_was_lost_when_ipv6_came(void **state)
{
    (void)state;
    static char text[LONG_SIZE], copy[LONG_SIZE + 1];
    int world4 = world_datagrams("192.0.2.2", 0), world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4)), from;
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
    int set = epoll_create1(0), number = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
    send_before(fd, &peer4);
    uint16_t port = world_receive_port(world4, "before");
    memset(text, 'x', sizeof text);
    world_send_to_port(world4, "first", 5, port);
    world_send_to_port(world4, "", 0, port);
    world_send_to_port(world4, text, sizeof text, port);
    world_send_to_port(world4, "fourth", 6, port);
    world_send_to_port(world4, "fifth", 5, port);

    int descriptors = open_descriptors();
    send_to(fd, "hello", &peer6);
    assert_int_equal(world_receive_port(world6, "hello"), port);
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
    assert_int_equal(world_receive_port(world4, "again"), port);
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
    struct sockaddr_in to = ipv4_of(alias_of("2001:db8::1"), 9);
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
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
    assert_int_equal(connect(fd, (struct sockaddr *)&peer4, sizeof peer4), 0);
    assert_int_equal(send(fd, "one", 3, 0), 3);
    uint16_t port = world_receive_port(world4, "one");
    struct sockaddr_in to = ipv4_at("192.0.2.2", port);
    assert_int_equal(syscall(SYS_sendto, world4, "wait", 4, 0, &to, sizeof to), 4);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer6, sizeof peer6), 0);
    assert_int_equal(send(fd, "two", 3, 0), 3);
    assert_int_equal(world_receive_port(world6, "two"), port);
    receive_from(fd, 0, "wait", &peer4);
    close(fd);
    world_close(world4);
    world_close(world6);
}

/* ---- Peers of both families */

static void assert_peer(int fd, const struct sockaddr_in *expected)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    assert_int_equal(length, sizeof peer);
    assert_memory_equal(&peer, expected, sizeof peer);
}

/* connect() to one family, sendto() to the other: the datagram goes out, and the socket still hears its peer alone.
 */
static void test_connected_socket_could_not_send_elsewhere(void **state)
{
    (void)state;
    int world4 = world_datagrams("192.0.2.2", 0), world6 = world_datagrams("2001:db8::1", 0);
    struct sockaddr_in peer4 = ipv4_at("192.0.2.2", world_port(world4));
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
    char byte;
    for (int bound = 0; bound < 2; bound++) {
        int fd = datagram_socket();
        struct sockaddr_in any = {.sin_family = AF_INET};
        if (bound)
            assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&peer4, sizeof peer4), 0);
        assert_int_equal(send(fd, "one", 3, 0), 3);
        uint16_t port = world_receive_port(world4, "one");
        send_to(fd, "two", &peer6);
        assert_int_equal(world_receive_port(world6, "two"), port);
        struct iovec part = {(char[]){"three"}, 5};
        struct msghdr message = {.msg_name = &peer6, .msg_namelen = sizeof peer6, .msg_iov = &part, .msg_iovlen = 1};
        assert_int_equal(sendmsg(fd, &message, 0), 5);
        assert_int_equal(world_receive_port(world6, "three"), port);
        assert_peer(fd, &peer4);
        world_answer(world6, port, "2001:db8::1", "not heard");
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        assert_int_equal(send(fd, "four", 4, 0), 4);
        assert_int_equal(world_receive_port(world4, "four"), port);
        world_send_to_port(world4, "heard", 5, port);
        close(fd);

        fd = datagram_socket();
        if (bound)
            assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&peer6, sizeof peer6), 0);
        send_to(fd, "five", &peer4);
        port = world_receive_port(world4, "five");
        world_send_to_port(world4, "not heard", 9, port);
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        assert_peer(fd, &peer6);
        assert_int_equal(send(fd, "six", 3, 0), 3);
        assert_int_equal(world_receive_port(world6, "six"), port);
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
    struct sockaddr_in peers[] = {ipv4_of(alias_of("2001:db8::1"), world_port(worlds[0])),
                                  ipv4_of(alias_of("2001:db8::2"), world_port(worlds[1])),
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
            world_receive_port(worlds[(peer + 1) % 3], "first");
            assert_int_equal(connect(fd, (struct sockaddr *)&peers[peer], sizeof peers[peer]), 0);
            assert_int_equal(send(fd, "x", 1, 0), 1);
            uint16_t port = world_receive_port(worlds[peer], "x");
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
                port = world_receive_port(worlds[other], "question");
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

/* Connects, sends, and waits for the answer. */
static void talk_to(int fd, int server, const struct sockaddr_in *to)
{
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    char data[8];
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    assert_int_equal(connect(fd, (const struct sockaddr *)to, sizeof *to), 0);
    assert_int_equal(send(fd, "ping", 4, 0), 4);
    assert_int_equal(syscall(SYS_recvfrom, server, data, sizeof data, 0, &from, &length), 4);
    assert_int_equal(syscall(SYS_sendto, server, "pong!", 5, 0, &from, length), 5);
    assert_int_equal(poll(&waiting, 1, PATIENCE_MS), 1);
    assert_int_equal(recv(fd, data, sizeof data, 0), 5);
}

static void test_replies_were_lost_after_a_connection_to_the_other_family(void **state)
{
    (void)state;
    int server6 = world_datagrams("2001:db8::1", 0), server4 = world_datagrams("192.0.2.1", 0);
    struct sockaddr_in to6 = {.sin_family = AF_INET, .sin_port = htons(world_port(server6))};
    struct sockaddr_in to4 = ipv4_at("192.0.2.1", world_port(server4)), any = ipv4_at("0.0.0.0", 24501);
    to6.sin_addr = alias_of("2001:db8::1");
    for (int bound = 0; bound <= 1; bound++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (bound)
            assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
        talk_to(fd, server6, &to6);
        uint16_t port = port_of(fd);
        for (int i = 0; i < 2; i++) {
            talk_to(fd, server4, &to4);
            talk_to(fd, server6, &to6);
        }
        assert_int_equal(port_of(fd), port);
        close(fd);
    }
    world_close(server6);
    world_close(server4);
}

/* ---- Its own address */

/* A socket that is bound to one IPv4 address stays on it, upgraded or not. */
static void test_bound_socket_left_its_address(void **state)
{
    (void)state;
    int world6 = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
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
    struct sockaddr_in alias = ipv4_of(alias_of("2001:db8::1"), 0);
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

static const struct part parts[] = {{"use_and_look_up", use_and_look_up}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_was_lost_when_ipv6_came),
        cmocka_unit_test(test_queue_was_lost_by_the_first_lookup),
        cmocka_unit_test(test_queue_was_lost_when_reconnected),
        cmocka_unit_test(test_connected_socket_could_not_send_elsewhere),
        cmocka_unit_test(test_disconnected_socket_heard_its_former_peer_alone),
        cmocka_unit_test(test_replies_were_lost_after_a_connection_to_the_other_family),
        cmocka_unit_test(test_bound_socket_left_its_address),
        cmocka_unit_test(test_bound_socket_was_bound_again),
    };
    return SUPPORT_MAIN(parts, tests);
}
