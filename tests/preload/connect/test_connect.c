/* connect() of an IPv4-only program to an alias: what it ends on, and what the program sees of its socket. */
#include "../program.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#define PEER_SIZE 64

/* ---- One candidate */

static void test_ipv6_host_was_not_reached(void **state)
{
    (void)state;
    char peer[PEER_SIZE];
    int waiting = world_listen("2001:db8::1", 0), number = lowest_free_number();
    int fd = connected(first_address("one6.example"), world_port(waiting));
    int server = world_accept(waiting, peer, sizeof peer);
    assert_int_equal(fd, number);
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_string_equal(strtok(peer, " "), "2001:db8::1");
    assert_talks(fd, server);
    world_close(server);
    world_close(waiting);
    close(fd);
}

static void test_names_of_the_ends_showed_ipv6(void **state)
{
    (void)state;
    static const socklen_t rooms[] = {0, 1, 2, 8, 15, 16, 17, 28, 128};
    int waiting = world_listen("2001:db8::2", 0), on = 0;
    uint16_t port = world_port(waiting);
    int fd = connected(first_address("2001:db8::2"), port);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = alias_of("2001:db8::2")};
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(length, sizeof local);
    assert_int_equal(local.sin_family, AF_INET);
    assert_true(is_alias(local.sin_addr)); /* the source that the kernel chose is one of lo's */
    assert_int_not_equal(local.sin_port, 0);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        for (int which = 0; which < 2; which++) {
            unsigned char name[128];
            const void *expected = which == 0 ? &peer : &local;
            memset(name, 0x5a, sizeof name);
            length = rooms[i];
            errno = NO_ERROR;
            on = which == 0 ? getpeername(fd, (struct sockaddr *)name, &length)
                            : getsockname(fd, (struct sockaddr *)name, &length);
            assert_int_equal(on, 0);
            assert_int_equal(errno, NO_ERROR);
            assert_int_equal(length, sizeof peer);
            size_t copied = rooms[i] < sizeof peer ? rooms[i] : sizeof peer;
            assert_memory_equal(name, expected, copied);
            for (size_t byte = copied; byte < sizeof name; byte++)
                assert_int_equal(name[byte], 0x5a);
        }
    }
    assert_int_equal(getpeername(fd, NULL, &length), -1);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(getpeername(fd, (struct sockaddr *)&local, NULL), -1);
    assert_int_equal(errno, EFAULT);
    length = (socklen_t)-1;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), -1);
    assert_int_equal(errno, EINVAL);
    world_close(waiting);
    close(fd);
}

static void test_refusal_was_told_as_something_else(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), 1), -1);
    assert_int_equal(errno, ECONNREFUSED);
    /* The same socket may try again, there and elsewhere, as on Linux it always could. */
    int waiting = world_listen("2001:db8::1", 0), waiting4 = world_listen("192.0.2.1", 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), 1), -1);
    assert_int_equal(connect_to(fd, ipv4_at("192.0.2.1", 0).sin_addr, world_port(waiting4)), 0);
    assert_int_equal(socket_family(fd), AF_INET);
    close(fd);
    world_close(waiting);
    world_close(waiting4);
}

static void test_unknown_alias_sent_a_packet(void **state)
{
    (void)state;
    long before = world_packets_lost();
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int fd = socket(AF_INET, type, 0);
        assert_int_equal(connect_to(fd, ipv4_at("240.64.1.2", 0).sin_addr, 7001), -1);
        assert_int_equal(errno, ENETUNREACH);
        assert_int_equal(connect_to(fd, ipv4_at("240.127.255.255", 0).sin_addr, 7001), -1);
        assert_int_equal(errno, ENETUNREACH);
        close(fd);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4_at("240.64.1.2", 7001);
    errno = NO_ERROR;
    assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, ENETUNREACH);
    close(fd);
    assert_int_equal(world_packets_lost(), before);
}

static void test_second_connect_told_another_error(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    uint16_t port = world_port(waiting);
    int fd = connected(first_address("one6.example"), port);
    assert_int_equal(connect_to(fd, first_address("one6.example"), port), -1);
    assert_int_equal(errno, EISCONN);
    assert_int_equal(connect_to(fd, ipv4_at("192.0.2.1", 0).sin_addr, port), -1);
    assert_int_equal(errno, EISCONN);
    close(fd);
    world_close(waiting);
}

static void test_standard_input_could_not_be_a_connection(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), saved = dup(0);
    close(0);
    int fd = connected(first_address("2001:db8::1"), world_port(waiting));
    assert_int_equal(fd, 0);
    int server = world_accept(waiting, NULL, 0);
    assert_talks(0, server);
    assert_int_equal(dup2(saved, 0), 0);
    close(saved);
    world_close(server);
    world_close(waiting);
}

/* Older programs pass a length of their own, or a structure that is too large. */
static void test_unusual_length_was_refused(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(world_port(waiting)), .sin_addr = alias_of("2001:db8::1")};
    struct sockaddr_storage room = {0};
    memcpy(&room, &to, sizeof to);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&room, sizeof room), 0);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to - 1), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(connect(fd, NULL, sizeof to), -1);
    assert_int_equal(errno, EFAULT);
    close(fd);
    world_close(waiting);
}

/* ---- Several candidates */

static void test_first_refused_ended_the_attempt(void **state)
{
    (void)state;
    char peer[PEER_SIZE];
    int waiting = world_listen("2001:db8::2", 0);
    int fd = connected(first_address("three6.example"), world_port(waiting));
    world_close(world_accept(waiting, peer, sizeof peer));
    struct sockaddr_in found;
    socklen_t length = sizeof found;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&found, &length), 0);
    assert_int_equal(found.sin_addr.s_addr, alias_of("2001:db8::2").s_addr);
    close(fd);
    world_close(waiting);
}

static void test_ipv4_was_not_tried_after_ipv6(void **state)
{
    (void)state;
    int waiting = world_listen("192.0.2.1", 0);
    struct in_addr address = first_address("both.example");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    assert_int_equal(connect_to(fd, address, world_port(waiting)), 0);
    int server = world_accept(waiting, NULL, 0);
    assert_int_equal(socket_family(fd), AF_INET);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    struct sockaddr_in found;
    socklen_t length = sizeof found;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&found, &length), 0);
    assert_string_equal(text_of(found.sin_addr), "192.0.2.1");
    assert_int_equal(getsockname(fd, (struct sockaddr *)&found, &length), 0);
    assert_string_equal(text_of(found.sin_addr), "192.0.2.1");
    assert_talks(fd, server);
    close(fd);
    world_close(server);
    world_close(waiting);
}

/* ---- The IPv4 address of a name with both stands for all of its addresses */

static void test_ipv6_was_not_tried_before_ipv4(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), waiting4 = world_listen("192.0.2.1", world_port(waiting));
    struct in_addr address = first_address("both.example");
    assert_string_equal(text_of(address), "192.0.2.1");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, address, world_port(waiting)), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    struct sockaddr_in found;
    socklen_t length = sizeof found;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&found, &length), 0);
    assert_int_equal(found.sin_addr.s_addr, alias_of("2001:db8::1").s_addr);
    close(fd);
    world_close(waiting);
    world_close(waiting4);
}

/* An address that the user typed means that address. */
static void test_typed_address_meant_the_whole_name(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    first_address("both.example");
    struct in_addr typed = {.s_addr = inet_addr("192.0.2.1")};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, typed, world_port(waiting)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    world_close(waiting);
}

static void test_two_names_on_one_address_were_mixed_up(void **state)
{
    (void)state;
    int only_a = world_listen("2001:db8::11", 0);
    uint16_t port = world_port(only_a);
    int only_b = world_listen("2001:db8::12", port);
    const char *const names[] = {"twin-b.example", "twin-a.example", "twin-b.example"};
    for (size_t i = 0; i < 3; i++) {
        struct in_addr shared = first_address("2001:db8::5");
        const struct hostent *host = gethostbyname(names[i]);
        assert_non_null(host);
        bool listed = false;
        for (char **at = host->h_addr_list; *at != NULL; at++)
            listed |= memcmp(*at, &shared, sizeof shared) == 0;
        assert_true(listed);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect_to(fd, shared, port) != 0)
            fail_msg("%s: %s", names[i], strerror(errno));
        world_close(world_accept(strcmp(names[i], "twin-a.example") == 0 ? only_a : only_b, NULL, 0));
        close(fd);
    }
    world_close(only_a);
    world_close(only_b);
}

/* A program that walks through the list itself must not make each step walk through all of it. */
static void test_walk_through_the_list_was_squared(void **state)
{
    (void)state;
    const struct hostent *host = gethostbyname("three6.example");
    assert_non_null(host);
    struct in_addr list[8];
    size_t count = 0;
    for (; count < 8 && host->h_addr_list[count] != NULL; count++)
        memcpy(&list[count], host->h_addr_list[count], sizeof list[count]);
    assert_int_equal(count, 3);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, list[0], 1), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    /* All have failed: now each stands alone, even if another would answer in the meantime. */
    int waiting = world_listen("2001:db8::3", 0);
    uint16_t port = world_port(waiting);
    struct in_addr answers = alias_of("2001:db8::3");
    first_address("three6.example");
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, list[0], 1), -1);
    close(fd);
    for (size_t i = 1; i < count; i++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        int result = connect_to(fd, list[i], port);
        assert_int_equal(result, list[i].s_addr == answers.s_addr ? 0 : -1);
        close(fd);
    }
    world_close(waiting);
}

static void test_less_telling_error_was_told(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, first_address("far-and-near.example"), 1), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, first_address("noroute6.example"), 1), -1);
    assert_int_equal(errno, ENETUNREACH);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, alias_of("2001:db8:dead::1"), 1), -1); /* typed, it stands alone */
    assert_int_equal(errno, ENETUNREACH);
    close(fd);
}

/* ---- The loopback */

static void test_ipv6_loopback_was_asked_first(void **state)
{
    (void)state;
    int waiting6 = world_listen("::1", 0);
    uint16_t port = world_port(waiting6);
    /* Nobody listens on 127.0.0.1: refused, and then ::1 may answer, where the name gave it. */
    int fd = connected(first_address("loop.example"), port);
    world_close(world_accept(waiting6, NULL, 0));
    struct sockaddr_in found;
    socklen_t length = sizeof found;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&found, &length), 0);
    assert_string_equal(text_of(found.sin_addr), "127.0.0.1");
    close(fd);
    /* Both listen: 127.0.0.1 is what was asked for. */
    int waiting4 = world_listen("127.0.0.1", port);
    fd = connected(first_address("loop.example"), port);
    world_close(world_accept(waiting4, NULL, 0));
    assert_int_equal(socket_family(fd), AF_INET);
    close(fd);
    world_close(waiting4);
    /* A plain 127.0.0.1 gives no right to ::1. */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect_to(fd, (struct in_addr){.s_addr = inet_addr("127.0.0.1")}, port), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    world_close(waiting6);
}

/* ---- Sockets that are none of ours */

static void test_socket_of_another_kind_was_changed(void **state)
{
    (void)state;
    struct in_addr alias = first_address("one6.example");
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP), ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    long before = world_packets_lost();
    if (raw >= 0) {
        assert_int_equal(connect_to(raw, alias, 0), -1);
        assert_int_equal(errno, ENETUNREACH);
        assert_int_equal(socket_family(raw), AF_INET);
        assert_int_equal(connect_to(raw, first_address("both.example"), 0), 0); /* its IPv4 address */
        close(raw);
    }
    if (ping >= 0) {
        assert_int_equal(connect_to(ping, alias, 0), -1);
        assert_int_equal(errno, ENETUNREACH);
        close(ping);
    }
    assert_int_equal(world_packets_lost(), before);
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect_to(local, alias, 1), -1);
    assert_int_equal(socket_family(local), AF_UNIX);
    close(local);
    assert_int_equal(connect_to(-1, alias, 1), -1);
    assert_int_equal(errno, EBADF);
    int file = open("/dev/null", O_RDWR);
    assert_int_equal(connect_to(file, alias, 1), -1);
    assert_int_equal(errno, ENOTSOCK);
    close(file);
}

/* ---- Nothing is left over */

static void test_descriptors_leaked(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), waiting4 = world_listen("192.0.2.1", world_port(waiting));
    uint16_t port = world_port(waiting);
    const char *const names[] = {"one6.example", "both.example", "three6.example", "one4.example",
                                 "noroute6.example"};
    for (int round = 0; round < 2; round++) {
        int before = open_descriptors(), lowest = lowest_free_number();
        for (int i = 0; i < 50; i++) {
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            assert_int_equal(fd, lowest);
            bool good = connect_to(fd, first_address(names[i % 5]), i % 2 == 0 ? port : 1) == 0;
            if (good)
                world_close(world_accept(socket_family(fd) == AF_INET6 ? waiting : waiting4, NULL, 0));
            close(fd);
        }
        assert_int_equal(open_descriptors(), before);
    }
    world_close(waiting);
    world_close(waiting4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv6_was_not_tried_before_ipv4), /* the others make it one that has refused lately */
        cmocka_unit_test(test_ipv6_host_was_not_reached),
        cmocka_unit_test(test_names_of_the_ends_showed_ipv6),
        cmocka_unit_test(test_refusal_was_told_as_something_else),
        cmocka_unit_test(test_unknown_alias_sent_a_packet),
        cmocka_unit_test(test_second_connect_told_another_error),
        cmocka_unit_test(test_standard_input_could_not_be_a_connection),
        cmocka_unit_test(test_unusual_length_was_refused),
        cmocka_unit_test(test_first_refused_ended_the_attempt),
        cmocka_unit_test(test_ipv4_was_not_tried_after_ipv6),
        cmocka_unit_test(test_typed_address_meant_the_whole_name),
        cmocka_unit_test(test_two_names_on_one_address_were_mixed_up),
        cmocka_unit_test(test_walk_through_the_list_was_squared),
        cmocka_unit_test(test_less_telling_error_was_told),
        cmocka_unit_test(test_ipv6_loopback_was_asked_first),
        cmocka_unit_test(test_socket_of_another_kind_was_changed),
        cmocka_unit_test(test_descriptors_leaked),
    };
    return SUPPORT_MAIN(NULL, tests);
}
