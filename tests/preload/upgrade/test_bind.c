/* bind() of an IPv4-only program, and what it is told of its own address. */
#include "../support.h"

#include <sys/syscall.h>

static int bound(int type, struct in_addr address, uint16_t port)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    errno = NO_ERROR;
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0)
        fail_msg("%s cannot be bound: %s", text_of(address), strerror(errno));
    assert_int_equal(errno, NO_ERROR);
    return fd;
}

static struct sockaddr_in name_of(int fd)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(length, sizeof name);
    assert_int_equal(name.sin_family, AF_INET);
    return name;
}

static void test_alias_could_not_be_bound(void **state)
{
    (void)state;
    struct in_addr alias = alias_of("2001:db8::2");
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int fd = bound(type, alias, 24200);
        struct sockaddr_in6 native;
        socklen_t length = sizeof native;
        assert_int_equal(socket_family(fd), AF_INET6);
        struct sockaddr_in name = name_of(fd);
        assert_int_equal(name.sin_addr.s_addr, alias.s_addr);
        assert_int_equal(ntohs(name.sin_port), 24200);
        /* What really was bound shows in the family's own shape when a socket of the world wants it. */
        int other = socket(AF_INET6, type, 0);
        native = ipv6_at("2001:db8::2", 24200);
        assert_int_equal(bind(other, (struct sockaddr *)&native, length), -1);
        assert_int_equal(errno, EADDRINUSE);
        close(other);
        close(fd);
    }
}

static void test_client_left_from_another_address_than_it_bound(void **state)
{
    (void)state;
    char peer[64];
    int waiting = world_listen("2001:db8::1", 0), fd = bound(SOCK_STREAM, alias_of("2001:db8::3"), 24201);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(world_port(waiting)), .sin_addr = alias_of("2001:db8::1")};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    world_close(world_accept(waiting, peer, sizeof peer));
    assert_string_equal(peer, "2001:db8::3 24201");
    close(fd);
    world_close(waiting);
}

static void test_server_on_an_alias_was_not_reached(void **state)
{
    (void)state;
    struct in_addr alias = alias_of("2001:db8::2");
    int waiting = bound(SOCK_STREAM, alias, 24202), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listen(waiting, 5), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(24202), .sin_addr = alias}, peer;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    socklen_t length = sizeof peer;
    int server = accept(waiting, (struct sockaddr *)&peer, &length);
    assert_true(server >= 0);
    assert_int_equal(length, sizeof peer);
    assert_int_equal(peer.sin_family, AF_INET);
    assert_true(is_alias(peer.sin_addr));
    assert_int_equal(peer.sin_port, name_of(fd).sin_port);
    assert_int_equal(peer.sin_addr.s_addr, name_of(fd).sin_addr.s_addr);
    close(server);
    close(fd);
    close(waiting);
}

static void test_impossible_alias_was_bound(void **state)
{
    (void)state;
    struct in_addr addresses[] = {ipv4_at("240.64.1.2", 0).sin_addr, alias_of("2001:db8:dead::1")};
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = addresses[i]};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), -1);
        assert_int_equal(errno, EADDRNOTAVAIL);
        /* Nothing has changed: IPv4 can be bound. */
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
        assert_string_equal(text_of(name_of(fd).sin_addr), "127.0.0.1");
        close(fd);
    }
}

static void test_ipv4_address_was_bound_as_another(void **state)
{
    (void)state;
    int fd = bound(SOCK_STREAM, ipv4_at("192.0.2.2", 0).sin_addr, 24203);
    assert_int_equal(socket_family(fd), AF_INET);
    assert_string_equal(text_of(name_of(fd).sin_addr), "192.0.2.2");
    close(fd);
    fd = bound(SOCK_STREAM, (struct in_addr){INADDR_ANY}, 24203);
    assert_string_equal(text_of(name_of(fd).sin_addr), "0.0.0.0");
    assert_int_equal(ntohs(name_of(fd).sin_port), 24203);
    close(fd);
}

/* The wildcard, by the settings: the family that the kernel has, and whether it serves IPv6 alone. */
static void show_wildcard(int fd)
{
    int only = 0;
    socklen_t length = sizeof only;
    syscall(SYS_getsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length);
    printf("%s ", socket_family(fd) == AF_INET ? "inet" : only ? "inet6" : "both");
}

static void bind_wildcards(void)
{
    struct in_addr any = {.s_addr = htonl(INADDR_ANY)};
    show_wildcard(bound(SOCK_STREAM, any, 0));
    show_wildcard(bound(SOCK_DGRAM, any, 0));
    int unbound = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listen(unbound, 5), 0);
    show_wildcard(unbound);
    close(socket(AF_INET6, SOCK_STREAM, 0)); /* so that it speaks IPv6 */
    show_wildcard(bound(SOCK_STREAM, any, 0));
}

static void test_wildcard_was_not_bound_as_set(void **state)
{
    (void)state;
    const char *mapped[] = {"V6SHIM_LISTEN=mapped", NULL}, *inet[] = {"V6SHIM_LISTEN=inet", NULL};
    const char *inet6[] = {"V6SHIM_LISTEN=inet6", NULL}, *families[] = {"V6SHIM_FAMILIES=inet", NULL};
    const char *unaware[] = {"V6SHIM_AWARE=no", NULL};
    assert_string_equal(part_output("bind_wildcards", NULL), "both both both inet ");
    assert_string_equal(part_output("bind_wildcards", mapped), "both both both inet ");
    assert_string_equal(part_output("bind_wildcards", inet6), "inet6 inet6 inet6 inet ");
    assert_string_equal(part_output("bind_wildcards", inet), "inet inet inet inet ");
    assert_string_equal(part_output("bind_wildcards", families), "inet inet inet inet ");
    assert_string_equal(part_output("bind_wildcards", unaware), "both both both both ");
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"bind_wildcards", bind_wildcards},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alias_could_not_be_bound),
        cmocka_unit_test(test_client_left_from_another_address_than_it_bound),
        cmocka_unit_test(test_server_on_an_alias_was_not_reached),
        cmocka_unit_test(test_impossible_alias_was_bound),
        cmocka_unit_test(test_ipv4_address_was_bound_as_another),
        cmocka_unit_test(test_wildcard_was_not_bound_as_set),
    };
    return SUPPORT_MAIN(parts, tests);
}
