/*
 * What a race needs (numbers, memory, system calls that a sandbox may refuse) can't be had: the program's IPv4
 * address is reached as without the library, and nothing of the attempt is left.
 */
#include "../deny.h"
#include "../race_outcome.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- Few numbers */

static void limit_numbers(int limit)
{
    struct rlimit numbers = {.rlim_cur = (rlim_t)limit, .rlim_max = 4096};
    if (setrlimit(RLIMIT_NOFILE, &numbers) != 0)
        perror("setrlimit");
}

/* High numbers as well. */
static int all_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += syscall(SYS_fcntl, fd, F_GETFD) >= 0;
    return count;
}

static void part_few_numbers(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    address_of(HALF);
    for (int room = 1; room < 6; room++) {
        limit_numbers(lowest_free_number() + room);
        both_ways(HALF, world_port(waiting));
        limit_numbers(4096);
    }
}

static void test_silent_ipv6_had_the_last_number(void **state)
{
    (void)state;
    for (const char *output = part_output("few_numbers", plain); *output != '\0'; output = strchr(output, '\n') + 1)
        assert_memory_equal(output, "connected to 192.0.2.1\n", 23);
}

/* ---- A number that no other socket can be put under, since it lies beyond RLIMIT_NOFILE */

static void part_number_beyond_the_limit(void)
{
    int waiting = world_listen("192.0.2.1", 0), low = socket(AF_INET, SOCK_STREAM, 0);
    alarm(PATIENT_MS / 1000);
    address_of(HALF);
    int high = dup2(low, 200);
    close(low);
    limit_numbers(100);
    tell(high, go(high, HALF, world_port(waiting)) == 0 ? 0 : errno);
}

static void test_number_beyond_the_limit_could_not_connect(void **state)
{
    (void)state;
    assert_string_equal(part_output("number_beyond_the_limit", plain), "connected to 192.0.2.1\n");
}

static volatile sig_atomic_t pipes_broken;

static void count_broken_pipe(int number)
{
    (void)number;
    pipes_broken++;
}

#define SAY(call) (errno = 0, (call) < 0 ? printf("%s\n", error_name(errno)) : printf("done\n"))

static void part_limit_lowered(void)
{
    int low = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), before = all_descriptors();
    struct sockaddr_in name = {.sin_family = AF_UNSPEC};
    socklen_t length = sizeof name;
    alarm(PATIENT_MS / 1000);
    signal(SIGPIPE, count_broken_pipe);
    int fd = dup2(low, 200), waiting = world_listen("192.0.2.1", 0);
    close(low);
    SAY(go(fd, HALF, world_port(waiting)));
    limit_numbers(100);
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    const short end = POLLOUT | POLLHUP;
    poll(&polled, 1, PATIENT_MS);
    for (int tries = 0; tries < PATIENT_MS && (polled.revents & end) != end; tries++) {
        usleep(1000); /* the kernel says that it is gone a moment before it empties its queue */
        poll(&polled, 1, PATIENT_MS);
    }
    printf("%s\n", (polled.revents & end) == end ? "writable, gone" : "?");
    SAY(write(fd, "x", 1));
    printf("%d\n", pipes_broken);
    tell(fd, finish(fd));
    SAY(getpeername(fd, (struct sockaddr *)&name, &length));
    SAY(getsockname(fd, (struct sockaddr *)&name, &length));
    printf("%d\n", name.sin_family == AF_INET);
    SAY(go(fd, HALF, world_port(waiting)));
    close(fd);
    close(waiting);
    limit_numbers(4096);
    /* One less, and two of the thread of races. */
    printf("%d\n", all_descriptors() <= before + 1);
}

static void test_limit_lowered_left_a_pair_of_sockets(void **state)
{
    (void)state;
    const struct part_result *result = part_run("limit_lowered", plain);
    assert_int_equal(result->status, 0);
    assert_string_equal(result->output, "EINPROGRESS\nwritable, gone\nECONNRESET\n0\nECONNABORTED\n"
                                        "ENOTCONN\ndone\n1\nECONNABORTED\n1\n");
}

/* ---- Sandboxes */

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static const struct sandbox {
    const char *name;
    long call;
    int argument;
    unsigned value;
    int error;
} sandboxes[] = {
    {"ppoll", SYS_ppoll, ANY_ARGUMENT, 0, EPERM},
    {"SO_COOKIE", SYS_getsockopt, 2, SO_COOKIE, ENOPROTOOPT},
    {"SO_COOKIE and no reason", SYS_getsockopt, 2, SO_COOKIE, EPERM},
    {"IPv6 only", SYS_setsockopt, 2, IPV6_V6ONLY, EPERM},
    {"IPv6 sockets", SYS_socket, 0, AF_INET6, EPERM},
    {"pairs of sockets", SYS_socketpair, ANY_ARGUMENT, 0, EPERM},
    {"epoll_create1", SYS_epoll_create1, ANY_ARGUMENT, 0, EMFILE},
    {"epoll_ctl", SYS_epoll_ctl, ANY_ARGUMENT, 0, ENOMEM},
    {"dup3", SYS_dup3, ANY_ARGUMENT, 0, ENOSYS},
    {"threads", SYS_clone3, ANY_ARGUMENT, 0, EAGAIN},
    {"F_SETFL", SYS_fcntl, 1, F_SETFL, EPERM},
    {"high numbers", SYS_fcntl, 1, F_DUPFD_CLOEXEC, EINVAL},
    {"SO_RCVBUF of the placeholder", SYS_setsockopt, 2, SO_SNDBUF, EPERM},
};
#define SANDBOXES (sizeof sandboxes / sizeof sandboxes[0])

static const struct sandbox *chosen_sandbox(void)
{
    return &sandboxes[atoi(getenv("SANDBOX"))];
}

static void enter_sandbox(const struct sandbox *sandbox)
{
    deny(sandbox->call, sandbox->argument, sandbox->value, sandbox->error);
}

/* Twice: the first time the thread of races may have made descriptors of its own. */
static void connect_in_sandbox(uint16_t port)
{
    enter_sandbox(chosen_sandbox());
    both_ways(HALF, port);
    int before = all_descriptors();
    both_ways(HALF, port);
    if (all_descriptors() != before)
        printf("%d descriptors leaked\n", all_descriptors() - before);
}

static void part_denied(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    address_of(HALF);
    connect_in_sandbox(world_port(waiting));
}

/* The same where the thread of races runs already, and has a race. */
static void part_denied_later(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    alarm(PATIENT_MS / 1000);
    go(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "hole-both.example", 7001);
    connect_in_sandbox(world_port(waiting));
}

static void test_sandbox_cost_a_connection(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    static const char *const names[] = {"denied", "denied_later"};
    for (size_t i = 0; i < 2 * SANDBOXES; i++) {
        char variable[32];
        snprintf(variable, sizeof variable, "SANDBOX=%zu", i / 2);
        const char *const variables[] = {NO_HISTORY, "V6SHIM_ATTEMPT_DELAY=100", variable, NULL};
        const char *output = part_output(names[i % 2], variables);
        for (int connections = 0; connections < 4; connections++, output = strchr(output, '\n') + 1)
            if (strncmp(output, "connected to 192.0.2.1\n", 23) != 0)
                fail_msg("%s, %s: %s", names[i % 2], sandboxes[i / 2].name, output);
        assert_string_equal(output, "");
    }
}

/* A program that sleeps for reading alone is woken by a call that it doesn't make itself. */
static void part_read_only(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    alarm(PATIENT_MS / 1000);
    address_of(HALF);
    deny(SYS_ppoll, ANY_ARGUMENT, 0, EPERM);
    SAY(go(fd, HALF, world_port(waiting)));
    pid_t server = world_serve(waiting);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    printf("%d\n", poll(&polled, 1, PATIENT_MS));
    tell(fd, 0);
    world_stop(server);
}

static void test_sandbox_kept_a_reader_asleep(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("read_only", plain), "EINPROGRESS\n1\nconnected to 192.0.2.1\n");
}

/* A sandbox that gives no proof of who sends a datagram. */
static void part_unproven(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), client = world_datagrams("192.0.2.2", 0);
    struct sockaddr_in at = ipv4_at("0.0.0.0", 0), from = {0};
    socklen_t length = sizeof at;
    char data[8] = "";
    alarm(PATIENT_MS / 1000);
    address_of("one6.example");
    deny_option(SOL_SOCKET, SO_ATTACH_FILTER, EPERM);
    deny_option(IPPROTO_IP, IP_PKTINFO, EPERM);
    SAY(bind(fd, (struct sockaddr *)&at, sizeof at));
    SAY(getsockname(fd, (struct sockaddr *)&at, &length));
    at.sin_addr = ipv4_at("192.0.2.1", 0).sin_addr;
    syscall(SYS_sendto, client, "hello", 5, 0, &at, sizeof at);
    length = sizeof from;
    SAY(recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length));
    printf("%s from %s\n", data, text_of(from.sin_addr));
}

static void test_unproven_datagrams_were_lost(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("unproven", plain), "done\ndone\ndone\nhello from 192.0.2.2\n");
}

static const struct part parts[] = {
    {"few_numbers", part_few_numbers},     {"number_beyond_the_limit", part_number_beyond_the_limit},
    {"limit_lowered", part_limit_lowered}, {"denied", part_denied},
    {"denied_later", part_denied_later},   {"read_only", part_read_only},
    {"unproven", part_unproven},           {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_ipv6_had_the_last_number),
        cmocka_unit_test(test_number_beyond_the_limit_could_not_connect),
        cmocka_unit_test(test_limit_lowered_left_a_pair_of_sockets),
        cmocka_unit_test(test_sandbox_cost_a_connection),
        cmocka_unit_test(test_sandbox_kept_a_reader_asleep),
        cmocka_unit_test(test_unproven_datagrams_were_lost),
    };
    return SUPPORT_MAIN(parts, tests);
}
