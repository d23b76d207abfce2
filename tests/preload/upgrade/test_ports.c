/* A port that the program holds is nobody else's for a moment, whatever is done to its socket. */
#include "../program.h"
#include "../thief.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define PORT        24640
#define MOMENTS_MIN 8 /* of system calls: that the thief was there */

static void send_plain(int fd)
{
    struct sockaddr_in to = ipv4_at("192.0.2.1", 9);
    syscall(SYS_sendto, fd, "x", 1, 0, &to, sizeof to);
}

static void tell(int fd, uint16_t port)
{
    thief_stop();
    printf("%s, %s port", socket_family(fd) == AF_INET6 ? "IPv6" : "IPv4",
           port_of(fd) == port ? "the same" : "another");
    fflush(stdout);
}

/* ---- UDP */

static void upgrade_datagrams(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 9);
    send_plain(fd);
    uint16_t port = port_of(fd);
    thief_start(SOCK_DGRAM, port, THIEF_ALL_WAYS);
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    tell(fd, port);
}

static void connect_datagrams(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 9);
    send_plain(fd);
    uint16_t port = port_of(fd);
    thief_start(SOCK_DGRAM, port, THIEF_ALL_WAYS);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    tell(fd, port);
}

/* Its port was the kernel's choice: disconnected, it would lose it. */
static void connect_datagrams_again(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 9), plain = ipv4_at("192.0.2.1", 9);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    uint16_t port = port_of(fd);
    thief_start(SOCK_DGRAM, port, THIEF_BOTH_FAMILIES);
    connect(fd, (struct sockaddr *)&plain, sizeof plain);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    tell(fd, port);
}

/* Somebody else has the port on an address of IPv4 meanwhile: it goes on with another port. */
static void connect_datagrams_elsewhere(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), thief = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
    int world = world_datagrams("192.0.2.1", 0);
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 9),
                       plain = ipv4_at("192.0.2.1", world_port(world)), from;
    struct timeval limit = {.tv_sec = 60};
    socklen_t length = sizeof from;
    char letter = 0;
    connect(fd, (struct sockaddr *)&to, sizeof to);
    struct sockaddr_in taken = ipv4_at("127.0.0.1", port_of(fd));
    assert_int_equal(syscall(SYS_bind, thief, &taken, sizeof taken), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&plain, sizeof plain), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    syscall(SYS_setsockopt, world, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    send(fd, "?", 1, 0);
    syscall(SYS_recvfrom, world, &letter, 1, 0, &from, &length);
    syscall(SYS_sendto, world, "!", 1, 0, &from, length);
    printf("%s", recv(fd, &letter, 1, 0) == 1 && letter == '!' ? "answered" : strerror(errno));
}

static void disconnect_datagrams(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = ipv4_of(first_address("one6.example"), 9), any = ipv4_at("0.0.0.0", PORT);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    bind(fd, (struct sockaddr *)&any, sizeof any);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    thief_start(SOCK_DGRAM, PORT, THIEF_BOTH_FAMILIES);
    connect(fd, &nowhere, sizeof nowhere);
    tell(fd, PORT);
}

/* ---- TCP */

static int bound_stream(const char *name, struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), listener = world_listen("2001:db8::1", 0);
    struct sockaddr_in any = ipv4_at("0.0.0.0", PORT);
    *to = ipv4_of(first_address(name), world_port(listener));
    bind(fd, (struct sockaddr *)&any, sizeof any);
    thief_start(SOCK_STREAM, PORT, THIEF_ALL_WAYS);
    return fd;
}

static void connect_stream(void)
{
    struct sockaddr_in to;
    int fd = bound_stream("one6.example", &to);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    tell(fd, PORT);
}

static void race_streams(void)
{
    struct sockaddr_in to;
    int fd = bound_stream("far-and-near.example", &to);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    tell(fd, PORT);
}

static void race_in_background(void)
{
    struct sockaddr_in to;
    int fd = bound_stream("hole-both.example", &to);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    close(dup(fd)); /* ends the race; which attempt goes on is not what this is about */
    thief_stop();
    printf("%s port", port_of(fd) == PORT ? "the same" : "another");
}

/* ---- Giving back */

static void give_back(int type, bool listens)
{
    int on = 1, fd = socket(AF_INET, type, 0);
    struct sockaddr_in ipv4 = ipv4_at("0.0.0.0", PORT);
    struct sockaddr_in6 ipv6 = ipv6_at("::", PORT);
    bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4);
    if (listens)
        listen(fd, 5);
    int own = socket(AF_INET6, type, 0);
    setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    bool was_dual = socket_family(fd) == AF_INET6;
    thief_start(type, PORT, THIEF_ALL_WAYS);
    int bound = bind(own, (struct sockaddr *)&ipv6, sizeof ipv6);
    tell(fd, PORT);
    int accepts = 0;
    socklen_t length = sizeof accepts;
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length);
    printf(", %s, %s, accepts %d", was_dual ? "was dual" : "was not dual", bound == 0 ? "bound" : strerror(errno),
           accepts);
}

static void give_back_datagrams(void)
{
    give_back(SOCK_DGRAM, false);
}

static void give_back_stream(void)
{
    give_back(SOCK_STREAM, false);
}

static void give_back_listener(void)
{
    give_back(SOCK_STREAM, true);
}

/* The old socket has to stay where the new one can't be bound: here a third one, of nobody's, is in the way. */
static void give_back_in_vain(void)
{
    int on = 1, off = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in ipv4 = ipv4_at("0.0.0.0", PORT);
    struct sockaddr_in6 ipv6 = ipv6_at("::", PORT);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4);
    int third = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
    syscall(SYS_setsockopt, third, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    syscall(SYS_bind, third, &ipv4, sizeof ipv4);
    syscall(SYS_setsockopt, third, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off);
    int own = socket(AF_INET6, SOCK_DGRAM, 0);
    setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    bind(own, (struct sockaddr *)&ipv6, sizeof ipv6);
    tell(fd, PORT);
}

/* ---- Tests */

enum end {
    KEEPS_ALL,
    IS_CONNECTED, /* has one address then, bare too: its port on the others is anybody's */
};

static void watch(const char *part, enum end end, const char *setting, const char *expected)
{
    const char *variables[] = {setting, NULL};
    const struct thief_report *report = thief_watch(part, variables);
    bool was_left = end == IS_CONNECTED && report->got == report->late && report->got_all == 0;
    if (report->status != 0 || (report->got != 0 && !was_left))
        fail_msg("%s: status %#x, output '%s', the thief had the port %u of %u times, after system call %ld, form %u",
                 part, (unsigned)report->status, report->output, report->got, report->tries, report->call,
                 report->form);
    assert_string_equal(report->output, expected);
    assert_true(report->tries >= MOMENTS_MIN);
    assert_true(report->exchanges > 0);
    assert_int_equal(report->open, 0);
}

static void test_port_was_free_while_a_udp_socket_was_exchanged(void **state)
{
    (void)state;
    watch("upgrade_datagrams", KEEPS_ALL, NULL, "IPv6, the same port");
    watch("connect_datagrams", IS_CONNECTED, NULL, "IPv6, the same port");
    watch("connect_datagrams_again", KEEPS_ALL, NULL, "IPv6, the same port");
    watch("disconnect_datagrams", KEEPS_ALL, NULL, "IPv6, the same port");
}

static void test_socket_could_not_leave_a_port_that_was_taken(void **state)
{
    (void)state;
    assert_string_equal(part_output("connect_datagrams_elsewhere", NULL), "answered");
}

static void test_port_was_free_while_a_bound_client_connected(void **state)
{
    (void)state;
    watch("connect_stream", IS_CONNECTED, "V6SHIM_LISTEN=inet", "IPv6, the same port");
    watch("race_streams", IS_CONNECTED, "V6SHIM_LISTEN=inet", "IPv6, the same port");
    watch("race_in_background", IS_CONNECTED, "V6SHIM_LISTEN=inet", "the same port");
}

static void test_port_was_free_while_it_was_given_back(void **state)
{
    (void)state;
    watch("give_back_datagrams", KEEPS_ALL, NULL, "IPv4, the same port, was dual, bound, accepts 0");
    watch("give_back_stream", KEEPS_ALL, NULL, "IPv4, the same port, was dual, bound, accepts 0");
    watch("give_back_listener", KEEPS_ALL, NULL, "IPv4, the same port, was dual, bound, accepts 1");
}

static void test_port_was_lost_where_it_could_not_be_given_back(void **state)
{
    (void)state;
    const struct part_result *result = part_run("give_back_in_vain", NULL);
    assert_int_equal(result->status, 0);
    assert_string_equal(result->output, "IPv6, the same port");
}

int main(int argc, char **argv)
{
    const struct part parts[] = {
        {"upgrade_datagrams", upgrade_datagrams},
        {"connect_datagrams", connect_datagrams},
        {"connect_datagrams_again", connect_datagrams_again},
        {"connect_datagrams_elsewhere", connect_datagrams_elsewhere},
        {"disconnect_datagrams", disconnect_datagrams},
        {"connect_stream", connect_stream},
        {"race_streams", race_streams},
        {"race_in_background", race_in_background},
        {"give_back_datagrams", give_back_datagrams},
        {"give_back_stream", give_back_stream},
        {"give_back_listener", give_back_listener},
        {"give_back_in_vain", give_back_in_vain},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_was_free_while_a_udp_socket_was_exchanged),
        cmocka_unit_test(test_socket_could_not_leave_a_port_that_was_taken),
        cmocka_unit_test(test_port_was_free_while_a_bound_client_connected),
        cmocka_unit_test(test_port_was_free_while_it_was_given_back),
        cmocka_unit_test(test_port_was_lost_where_it_could_not_be_given_back),
    };
    return SUPPORT_MAIN(parts, tests);
}
