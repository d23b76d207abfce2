/* What a socket has before connect() makes it one of IPv6 has to be there afterwards. */
#include "../program.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define PEER_SIZE 64

/* ---- Options */

static void test_upgrade_lost_what_the_program_had_set(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0), plain = socket(AF_INET, SOCK_STREAM, 0);
    struct linger linger = {.l_onoff = 1, .l_linger = 7}, found;
    struct timeval limit = {.tv_sec = 9}, found_limit;
    socklen_t length = sizeof found;
    int sockets[] = {fd, plain};
    for (int i = 0; i < 2; i++) {
        set_option(sockets[i], SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(sockets[i], SOL_SOCKET, SO_RCVBUF, 30000);
        set_option(sockets[i], SOL_SOCKET, SO_SNDBUF, 40000);
        set_option(sockets[i], SOL_SOCKET, SO_RCVLOWAT, 3);
        set_option(sockets[i], IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(sockets[i], IPPROTO_TCP, TCP_KEEPIDLE, 77);
        set_option(sockets[i], IPPROTO_TCP, TCP_MAXSEG, 1000);
        set_option(sockets[i], IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        set_option(sockets[i], IPPROTO_IP, IP_TOS, 0x10);
        set_option(sockets[i], IPPROTO_IP, IP_TTL, 33);
        assert_int_equal(setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
        assert_int_equal(setsockopt(sockets[i], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    }
    assert_int_equal(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(fd, F_SETOWN, getpid()), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    static const int options[][2] = {
        {SOL_SOCKET, SO_KEEPALIVE}, {SOL_SOCKET, SO_RCVBUF},    {SOL_SOCKET, SO_SNDBUF},
        {SOL_SOCKET, SO_RCVLOWAT},  {IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_KEEPIDLE},
        {IPPROTO_IP, IP_TOS},       {IPPROTO_IP, IP_TTL},       {IPPROTO_TCP, TCP_USER_TIMEOUT},
        {SOL_SOCKET, SO_TYPE},      {SOL_SOCKET, SO_PROTOCOL},  {SOL_SOCKET, SO_DOMAIN},
        {SOL_SOCKET, SO_REUSEADDR}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (option_of(fd, options[i][0], options[i][1]) != option_of(plain, options[i][0], options[i][1]))
            fail_msg("level %d option %d: %d, on a plain socket %d", options[i][0], options[i][1],
                     option_of(fd, options[i][0], options[i][1]), option_of(plain, options[i][0], options[i][1]));
    /* And on the IPv6 side. */
    assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_TCLASS), 0x10);
    assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 33);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &found, &length), 0);
    assert_memory_equal(&found, &linger, sizeof linger);
    length = sizeof found_limit;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &found_limit, &length), 0);
    assert_int_equal(found_limit.tv_sec, limit.tv_sec);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETOWN), getpid());
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    close(fd);
    close(plain);
    world_close(waiting);
}

static void test_option_set_after_the_upgrade_reached_one_family(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    int fd = connected(first_address("one6.example"), world_port(waiting));
    set_option(fd, IPPROTO_IP, IP_TOS, 0x08);
    set_option(fd, IPPROTO_IP, IP_TTL, 44);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 0x08);
    assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_TCLASS), 0x08);
    assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 44);
    close(fd);
    world_close(waiting);
}

static void test_option_set_after_a_connection_was_lost_in_the_upgrade(void **state)
{
    (void)state;
    struct sockaddr_in server = ipv4_at("0.0.0.0", 0), nowhere = {.sin_family = AF_UNSPEC};
    socklen_t length = sizeof server;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(listen(listener, 2), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &length), 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&nowhere, sizeof nowhere), 0);
    set_option(fd, IPPROTO_IP, IP_TTL, 77);
    server.sin_addr.s_addr = inet_addr("2001:db8::1");
    assert_int_equal(connect(fd, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(option_of(fd, IPPROTO_IP, IP_TTL), 77);
    close(fd);
    close(listener);
}

static void test_upgraded_socket_took_options_of_ipv6(void **state)
{
    (void)state;
    struct sockaddr_in any = ipv4_at("0.0.0.0", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0), value = 1;
    socklen_t length = sizeof value;
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length), -1);
    assert_int_equal(errno, EOPNOTSUPP);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, sizeof value), -1);
    assert_int_equal(errno, ENOPROTOOPT);
    close(fd);
}

/* ---- Its own address */

static void test_bound_port_was_lost(void **state)
{
    (void)state;
    for (int reuse = 0; reuse < 2; reuse++) {
        char peer[PEER_SIZE];
        int waiting = world_listen("2001:db8::1", 0);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in local = ipv4_at("0.0.0.0", (uint16_t)(23456 + reuse));
        socklen_t length = sizeof local;
        if (reuse)
            set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
        assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
        world_close(world_accept(waiting, peer, sizeof peer));
        assert_int_equal(atoi(strchr(peer, ' ')), 23456 + reuse);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
        assert_int_equal(ntohs(local.sin_port), 23456 + reuse);
        assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEADDR), reuse);
        close(fd);
        world_close(waiting);
    }
}

static void test_socket_bound_to_an_ipv4_address_left_it(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), waiting4 = world_listen("192.0.2.1", world_port(waiting));
    struct sockaddr_in local = ipv4_at("192.0.2.2", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), -1);
    assert_int_equal(errno, ENETUNREACH);
    close(fd);
    /* A name with both has an address for it. */
    char peer[PEER_SIZE];
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(connect_to(fd, first_address("both.example"), world_port(waiting)), 0);
    world_close(world_accept(waiting4, peer, sizeof peer));
    assert_string_equal(strtok(peer, " "), "192.0.2.2");
    close(fd);
    world_close(waiting);
    world_close(waiting4);
}

/* ---- Duplicates */

static void test_duplicate_stayed_on_the_old_socket(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int copies[] = {dup(fd), fcntl(fd, F_DUPFD, 300), dup2(fd, 301), fcntl(fd, F_DUPFD_CLOEXEC, 302)};
    assert_int_equal(connect_to(copies[1], first_address("one6.example"), world_port(waiting)), 0);
    int server = world_accept(waiting, NULL, 0);
    struct sockaddr_in expected, found;
    socklen_t length = sizeof expected;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&expected, &length), 0);
    assert_int_equal(expected.sin_addr.s_addr, alias_of("2001:db8::1").s_addr);
    for (size_t i = 0; i < 4; i++) {
        length = sizeof found;
        assert_int_equal(getpeername(copies[i], (struct sockaddr *)&found, &length), 0);
        assert_memory_equal(&found, &expected, sizeof found);
        assert_talks(copies[i], server);
        assert_int_equal(fcntl(copies[i], F_GETFD), i == 3 ? FD_CLOEXEC : 0);
    }
    int later = dup(copies[0]);
    length = sizeof found;
    assert_int_equal(getpeername(later, (struct sockaddr *)&found, &length), 0);
    assert_memory_equal(&found, &expected, sizeof found);
    for (size_t i = 0; i < 4; i++)
        close(copies[i]);
    close(fd);
    assert_talks(later, server);
    close(later);
    world_close(server);
    world_close(waiting);
}

/* ---- Filters */

struct filter_code {
    unsigned short code;
    unsigned char yes, no;
    unsigned value;
};
struct filter {
    unsigned short length;
    struct filter_code *instructions;
};
static struct filter_code accept_all = {0x06, 0, 0, 0xffffffff};
static const struct filter filter = {1, &accept_all};

static void test_unreplayable_option_was_dropped_in_silence(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    int waiting = world_listen("2001:db8::1", 0);
    const struct part_result *result = part_run("filter", NULL);
    assert_int_equal(result->status, 0);
    assert_string_equal(result->output, "ENETUNREACH, still IPv4");
    assert_non_null(strstr(result->complaints, "no IPv6 on a socket"));
    world_close(waiting);
}

/* How a socket is chosen among those of one port, which can't be read back. */
static void connect_with_a_filter(void)
{
    struct in_addr alias = first_address("one6.example");
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) != 0)
        printf("no filter, ");
    if (connect_to(fd, alias, 1) != 0)
        printf("%s, %s IPv4", error_name(errno), socket_family(fd) == AF_INET ? "still" : "not");
}

/* A filter of packets can, whether there is one candidate or a choice that would be raced. */
static void test_filter_was_lost_by_a_connection(void **state)
{
    (void)state;
    if (filters_hang())
        skip();
    static const char *const names[] = {"one6.example", "two6.example", "both.example"};
    int waiting = world_listen("2001:db8::1", 0);
    for (size_t i = 0; i < 3; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct filter_code found[4] = {{0}};
        socklen_t count = 4;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
        assert_int_equal(connect_to(fd, first_address(names[i]), world_port(waiting)), 0);
        assert_int_equal(socket_family(fd), AF_INET6);
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, found, &count), 0);
        assert_int_equal(count, 1);
        assert_memory_equal(found, &accept_all, sizeof accept_all);
        close(fd);
    }
    world_close(waiting);
}

/* ---- Beside other threads */

#define WALKS 4000

static struct in_addr walked_alias;
static uint16_t walked_port;
static atomic_bool walks_done;

/* Each upgrade looks for the other numbers of its socket: one of its two is closed, so it looks at everybody's. */
static void *walk_over_the_numbers(void *unused)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(walked_port), .sin_addr = walked_alias};
    while (!atomic_load(&walks_done)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        close(dup(fd));
        (void)connect(fd, (struct sockaddr *)&to, sizeof to);
        close(fd);
    }
    return unused;
}

/* A record that was lost shows in the upgrade, which has no options then to set again. */
static void test_socket_made_beside_an_upgrade_lost_its_options(void **state)
{
    (void)state;
    int server = world_datagrams("2001:db8::1", 0), lost = 0;
    pthread_t thread;
    walked_alias = alias_of("2001:db8::1");
    walked_port = world_port(server);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(walked_port), .sin_addr = walked_alias};
    assert_int_equal(pthread_create(&thread, NULL, walk_over_the_numbers, NULL), 0);
    for (int i = 0; i < WALKS; i++) {
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        set_option(fd, SOL_SOCKET, SO_PRIORITY, 5);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        lost += option_of(fd, SOL_SOCKET, SO_PRIORITY) != 5;
        close(fd);
    }
    atomic_store(&walks_done, true);
    pthread_join(thread, NULL);
    assert_int_equal(lost, 0);
    world_close(server);
}

static const struct part parts[] = {{"filter", connect_with_a_filter}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upgrade_lost_what_the_program_had_set),
        cmocka_unit_test(test_option_set_after_the_upgrade_reached_one_family),
        cmocka_unit_test(test_option_set_after_a_connection_was_lost_in_the_upgrade),
        cmocka_unit_test(test_upgraded_socket_took_options_of_ipv6),
        cmocka_unit_test(test_bound_port_was_lost),
        cmocka_unit_test(test_socket_bound_to_an_ipv4_address_left_it),
        cmocka_unit_test(test_duplicate_stayed_on_the_old_socket),
        cmocka_unit_test(test_unreplayable_option_was_dropped_in_silence),
        cmocka_unit_test(test_filter_was_lost_by_a_connection),
        cmocka_unit_test(test_socket_made_beside_an_upgrade_lost_its_options),
    };
    return SUPPORT_MAIN(parts, tests);
}
