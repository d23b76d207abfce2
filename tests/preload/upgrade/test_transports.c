/* Multipath TCP and UDP-Lite: what TCP and UDP can do, with sockets of the transport that the program asked for. */
#include "../support.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define IN_TIME_MS 20000

/* A system call: the library sees nothing of the world's sockets. */
static int world_socket(int family, int type, int protocol)
{
    return (int)syscall(SYS_socket, family, type, protocol);
}

static void skip_without(int type, int protocol)
{
    int fd = world_socket(AF_INET6, type, protocol);
    if (fd < 0)
        skip(); /* this kernel has no such sockets */
    world_close(fd);
}

static int protocol_of(int fd)
{
    int protocol = -1;
    socklen_t length = sizeof protocol;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length), 0);
    return protocol;
}

static void wait_for(int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    assert_int_equal(poll(&polled, 1, IN_TIME_MS), 1);
}

/* ---- Multipath TCP */

static int connect_to(const char *name, uint16_t port, int flags)
{
    struct sockaddr_in to = ipv4_at("0.0.0.0", port);
    to.sin_addr = first_address(name);
    int fd = socket(AF_INET, SOCK_STREAM | flags, IPPROTO_MPTCP);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to);
    assert_true(result == 0 || (flags != 0 && errno == EINPROGRESS));
    return fd;
}

static void test_multipath_connection_was_not_made(void **state)
{
    (void)state;
    static const char *const names[] = {"one6.example", "half-hole.example"};
    static const char *const places[] = {"2001:db8::1", "192.0.2.1"};
    skip_without(SOCK_STREAM, IPPROTO_MPTCP);
    for (unsigned i = 0; i < 4; i++) {
        int waiting = world_listen(places[i % 2], 0), error = -1;
        int fd = connect_to(names[i % 2], world_port(waiting), i < 2 ? 0 : SOCK_NONBLOCK);
        socklen_t length = sizeof error;
        wait_for(fd, POLLOUT);
        assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
        assert_int_equal(error, 0);
        assert_int_equal(protocol_of(fd), IPPROTO_MPTCP);
        if (i % 2 == 0)
            assert_int_equal(socket_family(fd), AF_INET6);
        assert_int_equal(write(fd, "x", 1), 1);
        close(fd);
        world_close(waiting);
    }
}

static void test_multipath_server_was_of_ipv4_alone(void **state)
{
    (void)state;
    skip_without(SOCK_STREAM, IPPROTO_MPTCP);
    int server = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0), peer;
    socklen_t length = sizeof local;
    assert_int_equal(bind(server, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(listen(server, 2), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&local, &length), 0);
    assert_int_equal(protocol_of(server), IPPROTO_MPTCP);
    for (unsigned i = 0; i < 2; i++) {
        struct sockaddr_in6 ipv6 = ipv6_at("2001:db8::1", ntohs(local.sin_port));
        struct sockaddr_in ipv4 = ipv4_at("192.0.2.1", ntohs(local.sin_port));
        int client = world_socket(i == 0 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        long result = i == 0 ? syscall(SYS_connect, client, &ipv6, sizeof ipv6)
                             : syscall(SYS_connect, client, &ipv4, sizeof ipv4);
        assert_int_equal(result, 0);
        length = sizeof peer;
        int fd = accept(server, (struct sockaddr *)&peer, &length);
        assert_true(fd >= 0);
        assert_int_equal(length, sizeof peer);
        assert_int_equal(peer.sin_family, AF_INET);
        if (i == 0)
            assert_true(is_alias(peer.sin_addr));
        else
            assert_string_equal(text_of(peer.sin_addr), "192.0.2.1"); /* to itself, from itself */
        close(fd);
        world_close(client);
    }
    close(server);
}

/* ---- UDP-Lite */

static int world_lite(const char *address)
{
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;
    bool is_ipv6 = strchr(address, ':') != NULL;
    int fd = world_socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    if (is_ipv6)
        ipv6 = ipv6_at(address, 0);
    else
        ipv4 = ipv4_at(address, 0);
    assert_int_equal(is_ipv6 ? syscall(SYS_bind, fd, &ipv6, sizeof ipv6) : syscall(SYS_bind, fd, &ipv4, sizeof ipv4),
                     0);
    return fd;
}

static void world_echo(int fd)
{
    char data[64];
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    long size = syscall(SYS_recvfrom, fd, data, sizeof data, 0, &from, &length);
    assert_true(size > 0);
    assert_int_equal(syscall(SYS_sendto, fd, data, size, 0, &from, length), size);
}

static void assert_answer(int fd, const struct sockaddr_in *expected, const char *text)
{
    char data[64] = "";
    struct sockaddr_in from = {0};
    socklen_t length = sizeof from;
    wait_for(fd, POLLIN);
    assert_true(recvfrom(fd, data, sizeof data - 1, 0, (struct sockaddr *)&from, &length) > 0);
    assert_string_equal(data, text);
    assert_int_equal(from.sin_addr.s_addr, expected->sin_addr.s_addr);
    assert_int_equal(from.sin_port, expected->sin_port);
}

static void test_datagrams_of_another_transport_were_lost(void **state)
{
    (void)state;
    skip_without(SOCK_DGRAM, IPPROTO_UDPLITE);
    int near = world_lite("192.0.2.1"), far = world_lite("2001:db8::1");
    struct sockaddr_in to_near = ipv4_at("192.0.2.1", world_port(near)), to_far = ipv4_at("0.0.0.0", world_port(far));
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    assert_int_equal(sendto(fd, "near", 4, 0, (struct sockaddr *)&to_near, sizeof to_near), 4);
    world_echo(near); /* its answer waits while IPv6 comes to the socket */
    to_far.sin_addr = alias_of("2001:db8::1");
    assert_int_equal(sendto(fd, "far", 3, 0, (struct sockaddr *)&to_far, sizeof to_far), 3);
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_int_equal(protocol_of(fd), IPPROTO_UDPLITE);
    assert_answer(fd, &to_near, "near");
    world_echo(far);
    assert_answer(fd, &to_far, "far");
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
    assert_int_equal(connect(fd, (struct sockaddr *)&to_far, sizeof to_far), 0);
    assert_int_equal(send(fd, "again", 5, 0), 5);
    world_echo(far);
    assert_answer(fd, &to_far, "again");
    close(fd);
    world_close(near);
    world_close(far);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multipath_connection_was_not_made),
        cmocka_unit_test(test_multipath_server_was_of_ipv4_alone),
        cmocka_unit_test(test_datagrams_of_another_transport_were_lost),
    };
    return SUPPORT_MAIN(NULL, tests);
}
