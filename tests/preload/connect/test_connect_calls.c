/* What a connect() asks of the kernel, how often, and that what is not asked for is noticed all the same. */
#include "../deny.h"
#include "../program.h"
#include "../system_calls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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

/* The two sockets, what puts one in the place of the other, and six questions: which process this is, signals held
   off and let in, where the socket is bound, the flags of file and number, whose signals the file sends. */
static void test_ipv6_connection_took_few_calls(void **state)
{
    (void)state;
    struct system_calls calls;
    int waiting = world_listen("2001:db8::1", 0);
    destination = first_address("one6.example");
    port = world_port(waiting);
    if (!system_calls_of(connect_once, &calls))
        skip();
    assert_system_calls(&calls, 13);
    assert_int_equal(system_calls_with(&calls, SYS_rt_sigprocmask), 2);
    world_close(waiting);
}

/* The address that has lost is known from the race before: neither the history nor the networks are asked again, and
   the one that works is tried on the program's own socket: where it is bound, whether it waits and how long, whose
   number it is, before and after, signals twice, the time twice, a limit set and taken away. */
static void test_name_with_a_bad_address_took_few_calls(void **state)
{
    (void)state;
    struct system_calls calls;
    int waiting = world_listen("192.0.2.3", 0);
    destination = first_address("hole-and-near.example"); /* whose IPv4 address no other name has shown */
    port = world_port(waiting);
    connect_once();
    if (!system_calls_of(connect_once, &calls))
        skip();
    assert_true(calls.count > 3);
    assert_system_calls(&calls, 18);
    world_close(waiting);
}

/* ---- An alias that was typed as a number */

static void give_alias(void)
{
    printf("%s", text_of(first_address("one6.example")));
}

static void forget_lookups(void)
{
    destination.s_addr = inet_addr(getenv("TYPED"));
}

static void connect_to_typed(void)
{
    struct system_calls calls;
    int waiting = world_listen("2001:db8::1", 0);
    forget_lookups();
    port = world_port(waiting);
    if (!system_calls_of(connect_once, &calls))
        printf("unseen");
    else
        printf("%u", calls.count);
}

/* As where the kernel or a sandbox's list is older than statx(). */
static void connect_to_typed_without_statx(void)
{
    deny(SYS_statx, ANY_ARGUMENT, 0, ENOSYS);
    connect_to_typed();
}

/* By a process that is not the one which connects. */
static void look_up_elsewhere(const char *name)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(gethostbyname(name) != NULL ? 0 : 1);
    waitpid(pid, NULL, 0);
}

/* The name of the alias has got a second address, which alone answers. */
static void connect_after_lookup_elsewhere(void)
{
    int waiting = world_listen("2001:db8::2", 0), fd;
    forget_lookups();
    port = world_port(waiting);
    for (int tries = 0; tries < 2; tries++) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        printf("%s ", connect_to(fd, destination, port) == 0 ? "connected" : strerror(errno));
        close(fd);
    }
    look_up_elsewhere("three6.example");
    fd = socket(AF_INET, SOCK_STREAM, 0);
    printf("%s", connect_to(fd, destination, port) == 0 ? "connected" : strerror(errno));
}

/* In a state directory of its own, in which there is no file of names yet: so its age plays no part. */
static const char *typed(const char *part)
{
    char directory[512], variable[64];
    snprintf(directory, sizeof directory, "V6SHIM_STATE_DIR=%s/%s", getenv("TEST_DIR"), part);
    const char *const given[] = {directory, NULL};
    snprintf(variable, sizeof variable, "TYPED=%s", part_output("give_alias", given));
    const char *const variables[] = {directory, variable, NULL};
    return part_output(part, variables);
}

static void test_alias_typed_as_a_number_took_one_call_more(void **state)
{
    (void)state;
    const char *output = typed("connect_to_typed");
    if (strcmp(output, "unseen") == 0)
        skip();
    assert_in_range(atoi(output), 1, 14);
}

/* libc of 32 bits asks with statx() first: one call more. */
static void test_alias_typed_as_a_number_needed_no_statx(void **state)
{
    (void)state;
    const char *output = typed("connect_to_typed_without_statx");
    if (strcmp(output, "unseen") == 0)
        skip();
    assert_in_range(atoi(output), 1, 15);
}

static void test_lookup_of_another_process_was_noticed(void **state)
{
    (void)state;
    assert_string_equal(typed("connect_after_lookup_elsewhere"), "Connection refused Connection refused connected");
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
    assert_int_equal(syscall(SYS_fcntl, fd, F_SETOWN, self), 0); /* as by a child or another image: no hook sees it */
    assert_int_equal(connect_to(fd, first_address("one6.example"), world_port(waiting)), 0);
    assert_int_equal(socket_family(fd), AF_INET6);
    assert_int_equal(fcntl(fd, F_GETOWN), self);
    world_close(waiting);
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {
        {"give_alias", give_alias},
        {"connect_to_typed", connect_to_typed},
        {"connect_to_typed_without_statx", connect_to_typed_without_statx},
        {"connect_after_lookup_elsewhere", connect_after_lookup_elsewhere},
        {0},
    };
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_connection_took_three_calls),
        cmocka_unit_test(test_ipv6_connection_took_few_calls),
        cmocka_unit_test(test_name_with_a_bad_address_took_few_calls),
        cmocka_unit_test(test_alias_typed_as_a_number_took_one_call_more),
        cmocka_unit_test(test_alias_typed_as_a_number_needed_no_statx),
        cmocka_unit_test(test_lookup_of_another_process_was_noticed),
        cmocka_unit_test(test_port_bound_past_us_was_kept),
        cmocka_unit_test(test_connection_made_past_us_was_kept),
        cmocka_unit_test(test_listener_made_past_us_was_kept),
        cmocka_unit_test(test_other_socket_under_the_number_was_kept),
        cmocka_unit_test(test_transport_of_a_closed_number_was_asked_again),
        cmocka_unit_test(test_owner_of_signals_was_kept),
    };
    return SUPPORT_MAIN(parts, tests);
}
