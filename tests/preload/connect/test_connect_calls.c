/* What a connect() asks of the kernel, how often, and that what is not asked for is noticed all the same. */
#include "../program.h"
#include "../system_calls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static struct in_addr destination;
static uint16_t port;

static void connect_once(void)
{
    int fd = connected(destination, port);
    close(fd);
}

/* ---- How many */

static void test_ipv4_connection_took_three_calls(void **state)
{
    (void)state;
    struct system_calls calls;
    int waiting = world_listen("192.0.2.1", 0);
    destination = first_address("one4.example");
    port = world_port(waiting);
    if (!system_calls_of(connect_once, &calls))
        skip();
    assert_system_calls(&calls, 3);
    world_close(waiting);
}

/* The two sockets, what puts one in the place of the other, and five questions: which process this is, signals held
   off and let in, where the socket is bound, the flags of file and number. */
static void test_ipv6_connection_took_few_calls(void **state)
{
    (void)state;
    struct system_calls calls;
    int waiting = world_listen("2001:db8::1", 0);
    destination = first_address("one6.example");
    port = world_port(waiting);
    if (!system_calls_of(connect_once, &calls))
        skip();
    assert_system_calls(&calls, 12);
    assert_int_equal(system_calls_with(&calls, SYS_rt_sigprocmask), 2);
    world_close(waiting);
}

/* ---- What passes the hooks */

/* Puts a socket that no hook sees under the number. */
static void exchange_unseen(int fd, int domain, int type)
{
    long other = syscall(SYS_socket, domain, type, 0);
    assert_true(other >= 0);
    if (other == fd)
        return;
    assert_int_equal(syscall(SYS_dup3, other, fd, 0), fd);
    syscall(SYS_close, other);
}

static void test_port_bound_past_us_was_kept(void **state)
{
    (void)state;
    char peer[64], expected[64];
    int waiting = world_listen("2001:db8::1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in local = ipv4_at("0.0.0.0", 700);
    assert_int_equal(syscall(SYS_bind, fd, &local, sizeof local), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
    int server = world_accept(waiting, peer, sizeof peer);
    snprintf(expected, sizeof expected, " %u", 700u);
    assert_non_null(strstr(peer, expected));
    world_close(server);
    world_close(waiting);
    close(fd);
}

static void test_connection_made_past_us_was_kept(void **state)
{
    (void)state;
    int waiting4 = world_listen("192.0.2.1", 0), waiting = world_listen("2001:db8::1", 0);
    struct sockaddr_in remote = ipv4_at("192.0.2.1", world_port(waiting4));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_connect, fd, &remote, sizeof remote), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), -1);
    assert_int_equal(errno, EISCONN);
    assert_int_equal(socket_family(fd), AF_INET);
    world_close(waiting);
    world_close(waiting4);
    close(fd);
}

static void test_listener_made_past_us_was_kept(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(syscall(SYS_listen, fd, 1), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), -1);
    assert_int_equal(errno, EISCONN);
    assert_int_equal(socket_family(fd), AF_INET);
    world_close(waiting);
    close(fd);
}

static void test_other_socket_under_the_number_was_kept(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    exchange_unseen(fd, AF_UNIX, SOCK_STREAM);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), -1);
    assert_int_equal(socket_family(fd), AF_UNIX);
    close(fd);
    world_close(waiting);
}

/* The program has closed its TCP socket, and got one of UDP under the number by another way. */
static void test_transport_of_a_closed_number_was_asked_again(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    close(fd);
    exchange_unseen(fd, AF_INET, SOCK_DGRAM);
    assert_int_equal(connect_to(fd, first_address("one6.example"), 9), 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    close(fd);
}

static void test_owner_of_signals_was_kept(void **state)
{
    (void)state;
    int waiting = world_listen("2001:db8::1", 0), self = getpid();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(ioctl(fd, FIOSETOWN, &self), 0);
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_int_equal(fcntl(fd, F_GETOWN), self);
    world_close(waiting);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{0}};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_connection_took_three_calls),
        cmocka_unit_test(test_ipv6_connection_took_few_calls),
        cmocka_unit_test(test_port_bound_past_us_was_kept),
        cmocka_unit_test(test_connection_made_past_us_was_kept),
        cmocka_unit_test(test_listener_made_past_us_was_kept),
        cmocka_unit_test(test_other_socket_under_the_number_was_kept),
        cmocka_unit_test(test_transport_of_a_closed_number_was_asked_again),
        cmocka_unit_test(test_owner_of_signals_was_kept),
    };
    return SUPPORT_MAIN(parts, tests);
}
