/*
 * How connections to a name with several addresses end when some of them fail. A program may see what it would have
 * seen without the library: a TCP socket that is connected, or one that has failed with an error that it knows.
 */
#include "../race_outcome.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* ---- One candidate's failure is its own */

static void part_prohibited(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    both_ways("forbidden6.example", world_port(waiting));
}

static void test_prohibited_address_ended_the_connect(void **state)
{
    (void)state;
    static const char *const in_order[] = {NO_HISTORY, "V6SHIM_CONNECT=order", NULL};
    assert_string_equal(part_output("prohibited", plain), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
    assert_string_equal(part_output("prohibited", in_order), "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
}

static void part_prohibited_and_refused(void)
{
    both_ways("forbidden6.example", NOBODY);
}

static void test_prohibited_address_hid_a_refusal(void **state)
{
    (void)state;
    assert_string_equal(part_output("prohibited_and_refused", plain), "ECONNREFUSED\nECONNREFUSED\n");
}

/* ---- When IPv4 has been refused, silence of IPv6 isn't waited for as long as the kernel does */

static const char *const soon[] = {NO_HISTORY, "V6SHIM_SILENCE_LIMIT=300", NULL};

static void part_silent(void)
{
    both_ways("half-hole.example", NOBODY);
}

static void test_refused_program_waited_for_the_kernel(void **state)
{
    (void)state;
    assert_string_equal(part_output("silent", soon), "ECONNREFUSED\nECONNREFUSED\n");
}

/* A program that goes through the list of a name comes to the alias when the IPv4 address has refused. */
static void part_walk(void)
{
    struct hostent *host = gethostbyname("half-hole.example");
    alarm(PATIENT_MS / 1000);
    for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK)
        for (char **address = host->h_addr_list; *address != NULL; address++) {
            struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(NOBODY)};
            memcpy(&to.sin_addr, *address, sizeof to.sin_addr);
            int fd = socket(AF_INET, SOCK_STREAM | (address == host->h_addr_list ? 0 : flags), 0);
            int error = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
            printf("%s\n", error_name(error == EINPROGRESS ? finish(fd) : error));
        }
}

static void test_walk_to_a_silent_alias_waited_for_the_kernel(void **state)
{
    (void)state;
    assert_string_equal(part_output("walk", soon), "ECONNREFUSED\nETIMEDOUT\nECONNREFUSED\nECONNREFUSED\n");
}

static void part_silent_in_order(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    alarm(PATIENT_MS / 1000);
    tell(fd, go(fd, "half-hole.example", NOBODY) == 0 ? 0 : errno);
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    printf("%ld.%06ld\n", (long)limit.tv_sec, (long)limit.tv_usec);
    int waiting = world_listen("192.0.2.1", 0);
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_refused_program_waited_for_the_kernel_in_order(void **state)
{
    (void)state;
    static const char *const in_order[] = {NO_HISTORY, "V6SHIM_SILENCE_LIMIT=300", "V6SHIM_CONNECT=order",
                                           "V6SHIM_PREFER=ipv4", NULL};
    assert_string_equal(part_output("silent_in_order", in_order), "ECONNREFUSED\n0.000000\nconnected to 192.0.2.1\n");
}

/* ---- What two sockets can't follow ends a race, and who goes on is whom the program would have asked */

#define SAY(call) (errno = 0, (call) < 0 ? printf("%s\n", error_name(errno)) : printf("done\n"))

static void part_handed_on(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    uint16_t port = world_port(waiting);
    alarm(PATIENT_MS / 1000);
    for (int way = 0; way < 3; way++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        SAY(go(fd, HALF, port));
        if (way == 0)
            close(dup(fd));
        if (way == 1)
            fcntl(fd, F_SETFL, 0);
        fflush(stdout);
        pid_t child = way == 2 ? fork() : 0;
        if (child == 0)
            tell(fd, finish(fd));
        fflush(stdout);
        if (way == 2 && child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
        close(fd);
    }
}

static void test_race_was_handed_to_silent_ipv6(void **state)
{
    (void)state;
    assert_string_equal(part_output("handed_on", plain), "EINPROGRESS\nconnected to 192.0.2.1\n"
                                                         "EINPROGRESS\nconnected to 192.0.2.1\n"
                                                         "EINPROGRESS\nconnected to 192.0.2.1\n");
}

/* glibc has a second name for fcntl(). */
static void set_flags_by_other_name(int fd, int flags)
{
#ifdef __GLIBC__
    fcntl64(fd, F_SETFL, flags);
#else
    fcntl(fd, F_SETFL, flags);
#endif
}

/* Whatever makes a race collapse, its placeholder has gone. */
static void part_collapsed(void)
{
    for (int way = 0; way < 6; way++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), off = 0, on = 1;
        go(fd, "hole-both.example", 7001);
        bool raced = socket_family(fd) == AF_UNIX;
        int copy = way == 0 ? dup(fd) : -1;
        if (way == 1)
            fcntl(fd, F_SETFL, 0);
        if (way == 2)
            set_flags_by_other_name(fd, O_RDWR);
        if (way == 3)
            ioctl(fd, FIONBIO, &off);
        if (way == 4)
            fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
        if (way == 5)
            ioctl(fd, FIOASYNC, &on);
        printf("%d %d\n", raced, socket_family(fd) == AF_UNIX);
        close(copy);
        close(fd);
    }
}

static void test_collapsed_race_left_its_placeholder(void **state)
{
    (void)state;
    assert_string_equal(part_output("collapsed", plain), "1 0\n1 0\n1 0\n1 0\n1 0\n1 0\n");
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

/* ---- Sockets that are not fresh */

static void test_socket_was_not_raced_after_a_refusal(void **state)
{
    (void)state;
    int closed = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 60};
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

static const struct part parts[] = {
    {"prohibited", part_prohibited},
    {"prohibited_and_refused", part_prohibited_and_refused},
    {"silent", part_silent},
    {"walk", part_walk},
    {"silent_in_order", part_silent_in_order},
    {"handed_on", part_handed_on},
    {"collapsed", part_collapsed},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prohibited_address_ended_the_connect),
        cmocka_unit_test(test_prohibited_address_hid_a_refusal),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel),
        cmocka_unit_test(test_walk_to_a_silent_alias_waited_for_the_kernel),
        cmocka_unit_test(test_refused_program_waited_for_the_kernel_in_order),
        cmocka_unit_test(test_race_was_handed_to_silent_ipv6),
        cmocka_unit_test(test_collapsed_race_left_its_placeholder),
        cmocka_unit_test(test_port_of_a_refused_attempt_was_kept),
        cmocka_unit_test(test_socket_was_not_raced_after_a_refusal),
    };
    return SUPPORT_MAIN(parts, tests);
}
