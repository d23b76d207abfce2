/* What a descriptor loses, or is taken for, after it was changed or came from elsewhere. */
#include "support.h"

#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PATIENCE_MS 2000

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

static void set_option(int fd, int level, int name, int value)
{
    assert_int_equal(setsockopt(fd, level, name, &value, sizeof value), 0);
}

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

/* By system calls, as another program would. */
static void send_descriptor(int channel, int fd)
{
    char letter = 'x', room[CMSG_SPACE(sizeof fd)] __attribute__((aligned(16))) = {0};
    struct iovec part = {&letter, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *header = (struct cmsghdr *)(void *)room;
    *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    assert_int_equal(syscall(SYS_sendmsg, channel, &message, 0), 1);
}

static int receive_descriptor(int channel, bool several)
{
    char letter, room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16)));
    struct iovec part = {&letter, 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room}};
    int fd;
    if (several)
        assert_int_equal(recvmmsg(channel, &message, 1, 0, NULL), 1);
    else
        assert_int_equal(recvmsg(channel, &message.msg_hdr, 0), 1);
    memcpy(&fd, CMSG_DATA((struct cmsghdr *)(void *)room), sizeof fd);
    return fd;
}

static void test_passed_descriptor_was_taken_for_what_had_its_number(void **state)
{
    (void)state;
    for (int several = 0; several <= 1; several++) {
        int channel[2], listener = world_listen("::", 0), former;
        struct sockaddr_in6 to = ipv6_at("2001:db8::1", world_port(listener));
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
        for (int i = 0; i < 2; i++) { /* the first message tells what the channel is */
            former = socket(AF_INET, SOCK_STREAM, 0);
            close(former);
            send_descriptor(channel[0], listener);
            int passed = receive_descriptor(channel[1], several);
            assert_int_equal(passed, former);
            int client = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0);
            assert_int_equal(syscall(SYS_connect, client, &to, sizeof to), 0);
            int accepted = accept(passed, (struct sockaddr *)&peer, &length);
            assert_true(accepted >= 0);
            assert_int_equal(length, sizeof peer);
            assert_int_equal(peer.sin_family, AF_INET);
            assert_true(is_alias(peer.sin_addr));
            close(accepted);
            close(passed);
            world_close(client);
        }
        close(channel[0]);
        close(channel[1]);
        world_close(listener);
    }
}

static void test_interface_address_was_read_as_an_ipv6_request(void **state)
{
    (void)state;
    struct sockaddr_in any = ipv4_at("0.0.0.0", 0), address = ipv4_at("192.0.2.77", 0);
    struct ifreq request = {.ifr_name = "lo:7"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    memcpy(&request.ifr_addr, &address, sizeof address);
    errno = NO_ERROR;
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
    assert_int_equal(errno, NO_ERROR);
    assert_int_equal(ioctl(fd, SIOCGIFADDR, &request), 0);
    memcpy(&address, &request.ifr_addr, sizeof address);
    assert_string_equal(text_of(address.sin_addr), "192.0.2.77");
    close(fd);
}

static uint16_t local_port(int fd)
{
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
    return ntohs(local.sin_port);
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
        uint16_t port = local_port(fd);
        for (int i = 0; i < 2; i++) {
            talk_to(fd, server4, &to4);
            talk_to(fd, server6, &to6);
        }
        assert_int_equal(local_port(fd), port);
        close(fd);
    }
    world_close(server6);
    world_close(server4);
}

static void test_message_with_a_name_told_of_the_placeholder(void **state)
{
    (void)state;
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(24502), .sin_addr = first_address("half-hole.example")};
    char letter = 'x';
    struct iovec part = {&letter, 1};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

static const struct part parts[] = {{"given-back", show_given_back}, {NULL, NULL}};

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

/* What the parent sees of its connection after a vfork() child has closed the number and made a socket of its own. */
static void test_socket_of_a_vfork_child_overwrote_its_parents_record(void **state)
{
    (void)state;
    struct sockaddr_in server = ipv4_at("0.0.0.0", 0), peer;
    struct sockaddr_storage shown;
    socklen_t length = sizeof server;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &length), 0);
    peer = server;
    peer.sin_addr.s_addr = inet_addr("2001:db8::1");
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        (void)!socket(AF_INET, SOCK_STREAM, 0);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    length = sizeof shown;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&shown, &length), 0);
    assert_int_equal(shown.ss_family, AF_INET);
    close(fd);
    close(listener);
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

/* ---- Ports that a failed connect() leaves */

static void set_port_range(const char *range)
{
    FILE *setting = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
    assert_non_null(setting);
    fputs(range, setting);
    assert_int_equal(fclose(setting), 0);
}

/* The one port that is left is shared with another connection, as the kernel does, and can't be bound to. */
static void test_port_of_a_refused_attempt_was_kept(void **state)
{
    (void)state;
    struct sockaddr_in6 there = ipv6_at("::1", 0);
    int elsewhere = world_listen("::1", 0), waiting = world_listen("::1", 0);
    int other = (int)syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(world_port(waiting))};
    there.sin6_port = htons(world_port(elsewhere));
    to.sin_addr = first_address("loop.example"); /* 127.0.0.1, where nobody listens, and ::1 */
    set_port_range("45000 45000");
    assert_int_equal(syscall(SYS_connect, other, &there, sizeof there), 0);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to);
    set_port_range("32768 60999");
    assert_int_equal(result, 0);
    close(fd);
    world_close(other);
    world_close(waiting);
    world_close(elsewhere);
}

static void test_socket_was_not_raced_after_a_refusal(void **state)
{
    (void)state;
    int closed = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 5};
    struct sockaddr_in refused = ipv4_at("192.0.2.1", world_port(closed));
    world_close(closed);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&refused, sizeof refused), -1);
    int waiting = world_listen("192.0.2.1", 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(world_port(waiting))};
    to.sin_addr = first_address("half-hole.example");
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    close(fd);
    world_close(waiting);
}

/* ---- Threads */

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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_option_set_after_a_connection_was_lost_in_the_upgrade),
        cmocka_unit_test(test_port_of_a_refused_attempt_was_kept),
        cmocka_unit_test(test_socket_was_not_raced_after_a_refusal),
        cmocka_unit_test(test_socket_made_beside_an_upgrade_lost_its_options),
        cmocka_unit_test(test_options_after_bind_were_lost_when_a_port_was_given_back),
        cmocka_unit_test(test_passed_descriptor_was_taken_for_what_had_its_number),
        cmocka_unit_test(test_interface_address_was_read_as_an_ipv6_request),
        cmocka_unit_test(test_message_with_a_name_told_of_the_placeholder),
        cmocka_unit_test(test_replies_were_lost_after_a_connection_to_the_other_family),
        cmocka_unit_test(test_socket_of_a_vfork_child_overwrote_its_parents_record),
        cmocka_unit_test(test_upgraded_socket_took_options_of_ipv6),
    };
    return SUPPORT_MAIN(parts, tests);
}
