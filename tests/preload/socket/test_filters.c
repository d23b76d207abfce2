/* Filters that the program attaches: they see what they saw on a socket of IPv4, and stay through every exchange. */
#include "../program.h"

#include <linux/filter.h>
#include <sys/syscall.h>

#ifndef SO_GET_FILTER
#define SO_GET_FILTER SO_ATTACH_FILTER
#endif

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
    struct sockaddr_in peer6 = ipv4_of(alias_of("2001:db8::1"), world_port(world6));
    int fd = datagram_socket();
    attach(fd, 'y');
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on), 0);
    assert_int_equal(syscall(SYS_sendto, fd, "before", 6, 0, &peer4, sizeof peer4), 6); /* before it knows an alias */
    uint16_t port = world_receive_port(world4, "before");
    world_answer(world4, port, "192.0.2.1", "yes");
    send_to(fd, "question", &peer6);
    assert_int_equal(world_receive_port(world6, "question"), port);
    assert_filter(fd, 'y');
    world_answer(world6, port, "2001:db8::1", "no");
    world_answer(world6, port, "2001:db8::1", "yes, six");
    world_answer(world4, port, "192.0.2.1", "no");
    world_answer(world4, port, "192.0.2.1", "yes, four");
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
    struct sockaddr_in alias = ipv4_of(alias_of("2001:db8::1"), 9);
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

static const struct part parts[] = {{"give_back", give_back}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_kept_ipv6_away),
        cmocka_unit_test(test_filter_of_nobody_was_seen),
        cmocka_unit_test(test_filter_was_lost_by_a_give_back),
    };
    return SUPPORT_MAIN(parts, tests);
}
