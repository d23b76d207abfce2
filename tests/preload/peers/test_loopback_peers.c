/* Peers on ::1 and on 127.0.0.1 with one port: each is shown as 127.0.0.1 only while that is clear. */
#include "../support.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define DATA_SIZE 64

static uint16_t local_port(int fd)
{
    return world_port(fd);
}

/* ---- The rest of the world */

/* A TCP connection from this address and port to a port on the same address. */
static int world_connects(const char *address, uint16_t own_port, uint16_t port)
{
    bool is_ipv6 = strchr(address, ':') != NULL;
    int on = 1, fd = (int)syscall(SYS_socket, is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in6 own6 = {0}, to6 = {0};
    struct sockaddr_in own4 = {0}, to4 = {0};
    if (is_ipv6) {
        own6 = ipv6_at(address, own_port);
        to6 = ipv6_at(address, port);
    } else {
        own4 = ipv4_at(address, own_port);
        to4 = ipv4_at(address, port);
    }
    const void *own = is_ipv6 ? (void *)&own6 : (void *)&own4, *to = is_ipv6 ? (void *)&to6 : (void *)&to4;
    socklen_t length = is_ipv6 ? sizeof own6 : sizeof own4;
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(syscall(SYS_bind, fd, own, length), 0);
    assert_int_equal(syscall(SYS_connect, fd, to, length), 0);
    return fd;
}

static void world_sends(int fd, uint16_t port, bool is_ipv6)
{
    struct sockaddr_in6 to6 = is_ipv6 ? ipv6_at("::1", port) : (struct sockaddr_in6){0};
    struct sockaddr_in to4 = is_ipv6 ? (struct sockaddr_in){0} : ipv4_at("127.0.0.1", port);
    assert_int_equal(syscall(SYS_sendto, fd, "word", 4, 0, is_ipv6 ? (void *)&to6 : (void *)&to4,
                             is_ipv6 ? sizeof to6 : sizeof to4),
                     4);
}

/* ---- Parts */

static void say_peer(const char *what, const struct sockaddr_in *peer)
{
    printf("%s %s; ", what, is_alias(peer->sin_addr) ? "alias" : text_of(peer->sin_addr));
}

static int say_accepted(int server)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    int fd = accept(server, (struct sockaddr *)&peer, &length);
    say_peer("accept", &peer);
    return fd;
}

static void say_name(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    say_peer("name", &peer);
}

static int server_of(int type)
{
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    return fd;
}

static void part_connections(void)
{
    int server = server_of(SOCK_STREAM);
    assert_int_equal(listen(server, 5), 0);
    int alone = world_connects("::1", 7331, local_port(server)), its = say_accepted(server);
    say_name(its);
    int twin = world_connects("127.0.0.1", 7331, local_port(server)), twins = say_accepted(server);
    say_name(its); /* from now on */
    say_name(twins);
    world_close(alone);
    close(its);
    alone = world_connects("::1", 7332, local_port(server));
    its = say_accepted(server);
    world_close(alone);
    close(its);
    world_close(twin);
    close(twins);
    twin = world_connects("127.0.0.1", 7333, local_port(server));
    alone = world_connects("::1", 7333, local_port(server));
    twins = say_accepted(server);
    its = say_accepted(server);
    world_close(twin);
    close(twins);
    say_name(its); /* the other one has gone */
}

static struct sockaddr_in say_datagram(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    char data[DATA_SIZE];
    assert_int_equal(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &length), 4);
    say_peer("from", &peer);
    return peer;
}

static void say_who_hears(int fd, const struct sockaddr_in *to, int world6, int world4)
{
    char data[DATA_SIZE];
    assert_int_equal(sendto(fd, "answer", 6, 0, (const struct sockaddr *)to, sizeof *to), 6);
    struct timeval limit = {.tv_sec = 5};
    int both[2] = {world6, world4};
    for (int i = 0; i < 2; i++)
        syscall(SYS_setsockopt, both[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    bool six = syscall(SYS_recvfrom, world6, data, sizeof data, MSG_DONTWAIT, NULL, NULL) == 6;
    bool four = world4 >= 0 && syscall(SYS_recvfrom, world4, data, sizeof data, MSG_DONTWAIT, NULL, NULL) == 6;
    printf("%s; ", six && !four ? "::1 hears" : four && !six ? "127.0.0.1 hears" : "nobody or both hear");
}

static void part_datagrams(void)
{
    int server = server_of(SOCK_DGRAM), six = world_datagrams("::1", 7341);
    world_sends(six, local_port(server), true);
    struct sockaddr_in peer6 = say_datagram(server);
    say_who_hears(server, &peer6, six, -1);
    int four = world_datagrams("127.0.0.1", 7341);
    world_sends(four, local_port(server), false);
    struct sockaddr_in peer4 = say_datagram(server);
    say_who_hears(server, &peer4, six, four);
    world_sends(six, local_port(server), true);
    peer6 = say_datagram(server);
    say_who_hears(server, &peer6, six, four);
    say_who_hears(server, &peer4, six, four);
}

/* A server on 127.0.0.1 that we know, and somebody who would like to hear what it is told. */
static void part_drawn_away(void)
{
    int fd = server_of(SOCK_DGRAM), six = world_datagrams("::1", 7351), four = world_datagrams("127.0.0.1", 7351);
    struct sockaddr_in known = ipv4_at("127.0.0.1", 7351);
    world_sends(six, local_port(fd), true);
    say_datagram(fd);
    say_who_hears(fd, &known, six, four);
    int other = server_of(SOCK_DGRAM);
    say_who_hears(other, &known, six, four);
    assert_int_equal(connect(other, (struct sockaddr *)&known, sizeof known), 0);
    printf("%d; ", (int)send(other, "answer", 6, 0));
    say_who_hears(fd, &known, six, four);
}

/* ---- Tests */

/* Whether the kernel tells of sockets at all: a module does that. */
static bool kernel_tells(void)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {{.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
                  {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_UDP, .idiag_states = UINT32_MAX}};
    int known = world_datagrams("127.0.0.1", 0), netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    struct nlmsghdr answer[64] = {{0}};
    question.request.id.idiag_dport = htons(world_port(known));
    question.request.id.idiag_dst[0] = question.request.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
    question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    send(netlink, &question, sizeof question, 0);
    ssize_t size = recv(netlink, answer, sizeof answer, MSG_DONTWAIT);
    close(netlink);
    world_close(known);
    return size > 0 && answer[0].nlmsg_type == SOCK_DIAG_BY_FAMILY;
}

static void test_connections_looked_the_same(void **state)
{
    (void)state;
    if (!kernel_tells())
        skip();
    assert_string_equal(part_output("connections", NULL),
                        "accept 127.0.0.1; name 127.0.0.1; accept 127.0.0.1; name alias; name 127.0.0.1; "
                        "accept 127.0.0.1; accept 127.0.0.1; accept alias; name 127.0.0.1; ");
}

static void test_datagrams_looked_the_same(void **state)
{
    (void)state;
    if (!kernel_tells())
        skip();
    assert_string_equal(part_output("datagrams", NULL), "from 127.0.0.1; ::1 hears; from 127.0.0.1; 127.0.0.1 hears; "
                                                        "from alias; ::1 hears; 127.0.0.1 hears; ");
}

static void test_datagrams_were_drawn_away(void **state)
{
    (void)state;
    if (!kernel_tells())
        skip();
    assert_string_equal(part_output("drawn_away", NULL),
                        "from alias; 127.0.0.1 hears; 127.0.0.1 hears; 6; 127.0.0.1 hears; ");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"connections", part_connections},
        {"datagrams", part_datagrams},
        {"drawn_away", part_drawn_away},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_looked_the_same),
        cmocka_unit_test(test_datagrams_looked_the_same),
        cmocka_unit_test(test_datagrams_were_drawn_away),
    };
    return SUPPORT_MAIN(parts, tests);
}
