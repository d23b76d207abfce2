/* Multicast groups that a socket is in when another one takes its place: those, with its options, and no others. */
#include "../program.h"

#include <sys/syscall.h>

static bool is_member(const char *group_in_hexadecimal)
{
    char line[256];
    bool found = false;
    FILE *groups = fopen("/proc/net/igmp", "r");
    assert_non_null(groups);
    while (!found && fgets(line, sizeof line, groups) != NULL)
        found = strstr(line, group_in_hexadecimal) != NULL;
    fclose(groups);
    return found;
}

static void show_given_back(void)
{
    struct sockaddr_in ipv4 = ipv4_at("0.0.0.0", 24500);
    struct sockaddr_in6 ipv6 = ipv6_at("::", 24500);
    struct ip_mreq group = {.imr_multiaddr.s_addr = inet_addr("224.0.0.251"),
                            .imr_interface.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
    set_option(fd, IPPROTO_IP, IP_TTL, 77);
    set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    int own = socket(AF_INET6, SOCK_DGRAM, 0);
    set_option(own, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    assert_int_equal(bind(own, (struct sockaddr *)&ipv6, sizeof ipv6), 0);
    printf("member %d ttl %d broadcast %d reuse %d", is_member("FB0000E0"), option_of(fd, IPPROTO_IP, IP_TTL),
           option_of(fd, SOL_SOCKET, SO_BROADCAST), option_of(fd, SOL_SOCKET, SO_REUSEADDR));
}

static void test_options_after_bind_were_lost_when_a_port_was_given_back(void **state)
{
    (void)state;
    assert_string_equal(part_output("given-back", NULL), "member 1 ttl 77 broadcast 1 reuse 0");
}

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
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
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
    world_receive_port(world6, "x");
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_int_equal(groups_of(fd, 9), 0xf0);
    close(fd);
    world_close(world6);
}

static const struct part parts[] = {{"given-back", show_given_back}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_after_bind_were_lost_when_a_port_was_given_back),
        cmocka_unit_test(test_groups_that_were_left_stayed_on_record),
    };
    return SUPPORT_MAIN(parts, tests);
}
