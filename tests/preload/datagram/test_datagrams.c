/* UDP of an IPv4-only program: to aliases and from them, with every call that carries a datagram. */
#include "../program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

/* ---- The world's side */

static void world_send(int fd, const char *data, const struct sockaddr_in6 *to)
{
    assert_int_equal(syscall(SYS_sendto, fd, data, strlen(data), 0, to, sizeof *to), strlen(data));
}

/* ---- The program's side */

static void assert_from(const void *name, socklen_t room, socklen_t length, const struct sockaddr_in *expected)
{
    const unsigned char *bytes = name;
    size_t copied = room < sizeof *expected ? room : sizeof *expected;
    assert_int_equal(length, sizeof *expected);
    assert_memory_equal(name, expected, copied);
    for (size_t i = copied; i < room; i++)
        assert_int_equal(bytes[i], 0x5a);
}

static void test_datagram_to_an_alias_was_lost(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket(), number = fd;
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), world_port(world));
    send_to(fd, "hello", &to);
    struct sockaddr_in6 from = world_receive(world, "hello");
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(length, sizeof local);
    assert_int_equal(local.sin_port, from.sin6_port);
    assert_int_equal(fd, number);
    close(fd);
    world_close(world);
}

static void test_reply_came_from_another_address_than_was_asked(void **state)
{
    (void)state;
    static const socklen_t rooms[] = {0, 2, 8, 15, 16, 17, 28, 128};
    int world = world_datagrams("2001:db8::2", 0), fd = datagram_socket();
    struct sockaddr_in to = ipv4_of(alias_of("2001:db8::2"), world_port(world));
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        unsigned char name[128];
        char data[16] = "";
        socklen_t length = rooms[i];
        send_to(fd, "question", &to);
        struct sockaddr_in6 from = world_receive(world, "question");
        world_send(world, "answer", &from);
        memset(name, 0x5a, sizeof name);
        errno = NO_ERROR;
        assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)name, &length), 6);
        assert_int_equal(errno, NO_ERROR);
        assert_string_equal(data, "answer");
        assert_from(name, rooms[i], length, &to);
    }
    char data[16];
    send_to(fd, "question", &to);
    struct sockaddr_in6 from = world_receive(world, "question");
    world_send(world, "answer", &from);
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, NULL, NULL), 6);
    close(fd);
    world_close(world);
}

static void test_both_families_on_one_socket(void **state)
{
    (void)state;
    int world6 = world_datagrams("2001:db8::1", 0), world4 = world_datagrams("192.0.2.1", 0), fd = datagram_socket();
    struct sockaddr_in to4 = ipv4_at("192.0.2.1", world_port(world4));
    struct sockaddr_in to6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
    const struct sockaddr_in *order[] = {&to4, &to6, &to4, &to6, &to6, &to4};
    in_port_t port = 0;
    for (size_t i = 0; i < 6; i++) {
        send_to(fd, "x", order[i]);
        in_port_t seen = world_receive(order[i] == &to4 ? world4 : world6, "x").sin6_port;
        assert_true(port == 0 || seen == port);
        port = seen;
    }
    close(fd);
    world_close(world4);
    world_close(world6);
}

static void exchange(int fd, int world, const struct sockaddr_in *peer)
{
    struct sockaddr_in source;
    socklen_t length = sizeof source;
    char data[16] = "";
    send_to(fd, "question", peer);
    struct sockaddr_in6 from = world_receive(world, "question");
    world_send(world, "answer", &from);
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&source, &length), 6);
    assert_from(&source, sizeof source, length, peer);
}

/* What is kept about the peer of before must not be taken for the next one's. */
static void test_peer_was_taken_for_the_one_before(void **state)
{
    (void)state;
    int worlds[] = {world_datagrams("2001:db8::1", 0), world_datagrams("2001:db8::2", 0),
                    world_datagrams("192.0.2.1", 0)};
    struct sockaddr_in peers[] = {ipv4_of(alias_of("2001:db8::1"), world_port(worlds[0])),
                                  ipv4_of(alias_of("2001:db8::2"), world_port(worlds[1])),
                                  ipv4_at("192.0.2.1", world_port(worlds[2]))};
    int fds[] = {datagram_socket(), datagram_socket()};
    for (const char *turn = "000111222000121000211202010120000"; *turn != '\0'; turn++)
        for (int i = 0; i < 2; i++)
            exchange(fds[i], worlds[*turn - '0'], &peers[*turn - '0']);
    /* Two at once, the answers in the other order. */
    struct sockaddr_in6 from[2];
    for (int i = 0; i < 2; i++) {
        send_to(fds[0], "question", &peers[i]);
        from[i] = world_receive(worlds[i], "question");
    }
    for (int i = 1; i >= 0; i--)
        world_send(worlds[i], "answer", &from[i]);
    for (int i = 1; i >= 0; i--) {
        struct sockaddr_in source;
        socklen_t length = sizeof source;
        char data[16];
        assert_int_equal(recvfrom(fds[0], data, sizeof data, 0, (struct sockaddr *)&source, &length), 6);
        assert_from(&source, sizeof source, length, &peers[i]);
    }
    /* A closed port behind the same address says so once. */
    int on = 1;
    assert_int_equal(setsockopt(fds[1], IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
    exchange(fds[1], worlds[0], &peers[0]);
    exchange(fds[1], worlds[0], &peers[0]);
    struct sockaddr_in closed = ipv4_of(peers[0].sin_addr, 1);
    send_to(fds[1], "x", &closed);
    assert_int_equal(sendto(fds[1], "x", 1, 0, (struct sockaddr *)&closed, sizeof closed), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fds[0]);
    close(fds[1]);
    for (int i = 0; i < 3; i++)
        world_close(worlds[i]);
}

static void test_connected_socket_talked_to_nobody(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), world_port(world)), peer;
    socklen_t length = sizeof peer;
    char data[16] = "";
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    assert_memory_equal(&peer, &to, sizeof to);
    assert_int_equal(send(fd, "one", 3, 0), 3);
    struct sockaddr_in6 from = world_receive(world, "one");
    assert_int_equal(write(fd, "two", 3), 3);
    world_receive(world, "two");
    world_send(world, "back", &from);
    length = sizeof peer;
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length), 4);
    assert_from(&peer, sizeof peer, length, &to);
    /* Away again, as resolvers do between servers. */
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    assert_int_equal(connect(fd, &nowhere, sizeof nowhere), 0);
    length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), -1);
    assert_int_equal(errno, ENOTCONN);
    int world4 = world_datagrams("192.0.2.1", 0);
    to = ipv4_at("192.0.2.1", world_port(world4));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, "three", 5, 0), 5);
    world_receive(world4, "three");
    close(fd);
    world_close(world);
    world_close(world4);
}

static void test_closed_port_was_not_told(void **state)
{
    (void)state;
    int fd = datagram_socket();
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

static void test_message_to_an_alias_was_lost(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in to = ipv4_of(alias_of("2001:db8::1"), world_port(world)), before = to;
    struct iovec parts[] = {{(char[]){"he"}, 2}, {(char[]){"llo"}, 3}};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
    assert_int_equal(sendmsg(fd, &message, 0), 5);
    struct sockaddr_in6 from = world_receive(world, "hello");
    assert_memory_equal(&to, &before, sizeof to);
    assert_int_equal(message.msg_namelen, sizeof to);

    unsigned char name[64];
    char data[8] = "";
    memset(name, 0x5a, sizeof name);
    struct iovec whole = {data, sizeof data - 1};
    message = (struct msghdr){.msg_name = name, .msg_namelen = sizeof name, .msg_iov = &whole, .msg_iovlen = 1};
    world_send(world, "answer, too long", &from);
    assert_int_equal(recvmsg(fd, &message, 0), 7);
    assert_string_equal(data, "answer,");
    assert_int_equal(message.msg_flags, MSG_TRUNC);
    assert_from(name, sizeof name, message.msg_namelen, &to);
    close(fd);
    world_close(world);
}

#define MESSAGES 3

static void test_several_messages_at_once_were_mixed_up(void **state)
{
    (void)state;
    int worlds[] = {world_datagrams("2001:db8::1", 0), world_datagrams("192.0.2.1", 0),
                    world_datagrams("2001:db8::2", 0)};
    int fd = datagram_socket();
    struct sockaddr_in to[] = {ipv4_of(alias_of("2001:db8::1"), world_port(worlds[0])),
                               ipv4_at("192.0.2.1", world_port(worlds[1])),
                               ipv4_of(alias_of("2001:db8::2"), world_port(worlds[2]))};
    char texts[MESSAGES][2] = {"a", "b", "c"};
    struct iovec parts[MESSAGES];
    struct mmsghdr messages[MESSAGES];
    struct sockaddr_in6 from[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++) {
        parts[i] = (struct iovec){texts[i], 1};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    assert_int_equal(sendmmsg(fd, messages, MESSAGES, 0), MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(messages[i].msg_len, 1);
        from[i] = world_receive(worlds[i], texts[i]);
    }
    world_send(worlds[2], "C", &from[2]);
    world_send(worlds[0], "A", &from[0]);
    struct sockaddr_in names[MESSAGES];
    for (size_t i = 0; i < MESSAGES; i++)
        messages[i].msg_hdr.msg_name = &names[i];
    assert_int_equal(recvmmsg(fd, messages, MESSAGES, MSG_DONTWAIT, NULL), 2);
    assert_memory_equal(&names[0], &to[2], sizeof to[2]);
    assert_memory_equal(&names[1], &to[0], sizeof to[0]);
    assert_int_equal(messages[0].msg_hdr.msg_namelen, sizeof to[0]);
    assert_string_equal(texts[0], "C");
    for (size_t i = 0; i < MESSAGES; i++)
        world_close(worlds[i]);
    close(fd);
}

static void test_unknown_alias_sent_a_packet(void **state)
{
    (void)state;
    long before = world_packets_lost();
    struct sockaddr_in to = ipv4_at("240.64.1.2", 9);
    struct iovec part = {(char[]){"x"}, 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1}};
    int fresh = datagram_socket(), used = datagram_socket();
    struct sockaddr_in good = ipv4_of(alias_of("2001:db8::1"), 9);
    send_to(used, "x", &good);
    int sockets[] = {fresh, used};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sendto(sockets[i], "x", 1, 0, (struct sockaddr *)&to, sizeof to), -1);
        assert_int_equal(errno, ENETUNREACH);
        assert_int_equal(sendmsg(sockets[i], &message.msg_hdr, 0), -1);
        assert_int_equal(errno, ENETUNREACH);
        assert_int_equal(sendmmsg(sockets[i], &message, 1, 0), -1);
        assert_int_equal(errno, ENETUNREACH);
        close(sockets[i]);
    }
    assert_int_equal(world_packets_lost(), before);
}

/* ---- Control messages */

static int send_with_control(int fd, const struct sockaddr_in *to, void *control, size_t size)
{
    struct sockaddr_in name = *to;
    struct iovec part = {(char[]){"x"}, 1};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = size};
    return (int)sendmsg(fd, &message, 0);
}

static void test_malformed_control_message_crashed(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in to6 = ipv4_of(alias_of("2001:db8::1"), world_port(world)), to4 = ipv4_at("192.0.2.1", 9);
    static const size_t lengths[] = {0, 1, 15, 17, 1000, (size_t)-1, (size_t)-16};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int level = 0; level < 2; level++) {
            union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
            } control = {.header = {.cmsg_len = lengths[i],
                                    .cmsg_level = level == 0 ? SOL_SOCKET : IPPROTO_IP,
                                    .cmsg_type = IP_TTL}};
            size_t size = lengths[i] == 17 ? 16 : sizeof control;
            errno = 0;
            int expected = send_with_control(fd, &to4, &control, size), expected_error = errno;
            errno = 0;
            assert_int_equal(send_with_control(fd, &to6, &control, size), expected);
            assert_int_equal(errno, expected_error);
        }
    }
    assert_int_equal(send_with_control(fd, &to4, NULL, 16), -1);
    int bare_error = errno; /* EFAULT, or EINVAL where the kernel has 64 bits and the program 32 */
    assert_int_equal(send_with_control(fd, &to6, NULL, 16), -1);
    assert_int_equal(errno, bare_error);
    close(fd);
    world_close(world);
}

/* The kernel leaves them out where it can't write them. */
static void test_control_buffer_that_is_not_there_was_written_to(void **state)
{
    (void)state;
    static const size_t lengths[] = {64, 1100, 8192};
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket(), on = 1;
    struct sockaddr_in to = ipv4_of(alias_of("2001:db8::1"), world_port(world));
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char data[8];
        struct iovec part = {data, sizeof data};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = (void *)1, .msg_controllen = lengths[i]};
        assert_int_equal(sendto(fd, "question", 8, 0, (struct sockaddr *)&to, sizeof to), 8);
        struct sockaddr_in6 from = world_receive(world, "question");
        world_send(world, "answer", &from);
        assert_int_equal(recvmsg(fd, &message, 0), 6);
    }
    close(fd);
    world_close(world);
}

static void test_source_address_of_a_message_was_ignored(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::1", 0), fd = datagram_socket();
    struct sockaddr_in to = ipv4_of(alias_of("2001:db8::1"), world_port(world));
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)),
                            .cmsg_level = IPPROTO_IP,
                            .cmsg_type = IP_PKTINFO}};
    struct in_pktinfo source = {.ipi_spec_dst = alias_of("2001:db8::3")};
    memcpy(CMSG_DATA(&control.header), &source, sizeof source);
    assert_int_equal(send_with_control(fd, &to, &control, sizeof control), 1);
    struct sockaddr_in6 from = world_receive(world, "x"), expected = ipv6_at("2001:db8::3", 0);
    assert_memory_equal(&from.sin6_addr, &expected.sin6_addr, sizeof from.sin6_addr);
    close(fd);
    world_close(world);
}

/* ---- A server */

static void test_peer_of_a_server_showed_ipv6(void **state)
{
    (void)state;
    int world = world_datagrams("2001:db8::2", 0), fd = datagram_socket(), on = 1;
    struct sockaddr_in any = ipv4_of((struct in_addr){INADDR_ANY}, 24400);
    struct sockaddr_in6 server = ipv6_at("2001:db8::1", 24400);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    world_send(world, "question", &server);
    struct sockaddr_in peer;
    char data[16] = "";
    union {
        struct cmsghdr header;
        char bytes[256];
    } control;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {.msg_name = &peer,
                             .msg_namelen = sizeof peer,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    assert_int_equal(recvmsg(fd, &message, 0), 8);
    struct sockaddr_in expected = ipv4_of(alias_of("2001:db8::2"), world_port(world));
    assert_memory_equal(&peer, &expected, sizeof peer);
    assert_true(message.msg_controllen >= CMSG_LEN(sizeof(struct in_pktinfo)));
    assert_int_equal(control.header.cmsg_level, IPPROTO_IP);
    assert_int_equal(control.header.cmsg_type, IP_PKTINFO);
    struct in_pktinfo information;
    memcpy(&information, CMSG_DATA(&control.header), sizeof information);
    assert_int_equal(information.ipi_addr.s_addr, alias_of("2001:db8::1").s_addr);
    assert_null(CMSG_NXTHDR(&message, &control.header));
    /* The answer goes back, from the address that was asked: the same message with its control message. */
    part.iov_base = (char[]){"answer"};
    part.iov_len = 6;
    assert_int_equal(sendmsg(fd, &message, 0), 6);
    struct sockaddr_in6 from = world_receive(world, "answer");
    assert_memory_equal(&from.sin6_addr, &server.sin6_addr, sizeof from.sin6_addr);
    assert_int_equal(ntohs(from.sin6_port), 24400);
    close(fd);
    world_close(world);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_datagram_to_an_alias_was_lost),
        cmocka_unit_test(test_reply_came_from_another_address_than_was_asked),
        cmocka_unit_test(test_both_families_on_one_socket),
        cmocka_unit_test(test_peer_was_taken_for_the_one_before),
        cmocka_unit_test(test_connected_socket_talked_to_nobody),
        cmocka_unit_test(test_closed_port_was_not_told),
        cmocka_unit_test(test_message_to_an_alias_was_lost),
        cmocka_unit_test(test_several_messages_at_once_were_mixed_up),
        cmocka_unit_test(test_unknown_alias_sent_a_packet),
        cmocka_unit_test(test_malformed_control_message_crashed),
        cmocka_unit_test(test_control_buffer_that_is_not_there_was_written_to),
        cmocka_unit_test(test_source_address_of_a_message_was_ignored),
        cmocka_unit_test(test_peer_of_a_server_showed_ipv6),
    };
    return SUPPORT_MAIN(NULL, tests);
}
