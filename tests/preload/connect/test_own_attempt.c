/*
 * A race inside connect() whose first candidate is one of IPv4: it is tried on the program's own socket, and to the
 * program that is one socket as it always was.
 */
#include "../deny.h"
#include "../race_outcome.h"
#include "core/base/error_text.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

#define OTHER_HALF "other-half.example" /* IPv4 is silent, IPv6 answers */
#define DELAY_MS   300
#define LIMIT_S    40 /* of the program's own for connect() */

static const char *const ipv4_first[] = {NO_HISTORY, "V6SHIM_POLICY=ipv4-first", "V6SHIM_ATTEMPT_DELAY=300", NULL};
/* In which the attempt alone takes longer than anything here. */
static const char *const for_long[] = {NO_HISTORY, "V6SHIM_POLICY=ipv4-first", "V6SHIM_ATTEMPT_DELAY=2000", NULL};

#define SAY(call) (errno = 0, printf("%s\n", (call) < 0 ? error_name(errno) : "done"))

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
    return cookie;
}

static long limit_of_ms(int fd)
{
    struct timeval limit = {0};
    socklen_t length = sizeof limit;
    getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    return (long)(limit.tv_sec * 1000 + limit.tv_usec / 1000);
}

static void set_limit_ms(int fd, long limit_ms)
{
    struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* A listener that drops what comes until one of those who wait is accepted. */
static int listen_full(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    struct sockaddr_in at = ipv4_at("192.0.2.1", world_port(waiting));
    syscall(SYS_listen, waiting, 0);
    for (int i = 0; i < 4; i++) {
        long client = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        syscall(SYS_connect, client, &at, sizeof at);
    }
    return waiting;
}

/* Accepts all after a while, when the attempt is not alone any more. */
static pid_t accept_later(int waiting)
{
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        struct timespec pause = {.tv_nsec = 600 * 1000000};
        syscall(SYS_nanosleep, &pause, NULL);
        syscall(SYS_listen, waiting, 128);
        for (;;)
            syscall(SYS_accept4, waiting, NULL, NULL, 0);
    }
    return child;
}

/* ---- It is the program's socket that is connected */

static void part_at_once(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t before = cookie_of(fd);
    set_limit_ms(fd, LIMIT_S * 1000);
    tell(fd, go(fd, HALF, world_port(waiting)) == 0 ? 0 : errno);
    printf("%s, %ld\n", cookie_of(fd) == before ? "the same" : "another", limit_of_ms(fd));
    SAY(go(fd, HALF, world_port(waiting)));
}

static void test_working_ipv4_address_took_another_socket(void **state)
{
    (void)state;
    assert_string_equal(part_output("at_once", ipv4_first), "connected to 192.0.2.1\nthe same, 40000\nEISCONN\n");
}

/* The attempt goes on beside the others: it is not begun again. */
static void part_slow(void)
{
    int waiting = listen_full(), fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t before = cookie_of(fd);
    set_limit_ms(fd, LIMIT_S * 1000);
    address_of(HALF);
    pid_t server = accept_later(waiting);
    tell(fd, go(fd, HALF, world_port(waiting)) == 0 ? 0 : errno);
    printf("%s, %ld\n", cookie_of(fd) == before ? "the same" : "another", limit_of_ms(fd));
    SAY(go(fd, HALF, world_port(waiting)));
    kill(server, SIGKILL);
}

static void test_slow_ipv4_address_was_given_up(void **state)
{
    (void)state;
    assert_string_equal(part_output("slow", ipv4_first), "connected to 192.0.2.1\nthe same, 40000\nEISCONN\n");
}

static void part_slow_without_numbers(void)
{
    int waiting = listen_full(), fd = socket(AF_INET, SOCK_STREAM, 0);
    address_of(HALF);
    pid_t server = accept_later(waiting);
    struct rlimit few = {(rlim_t)lowest_free_number(), 4096};
    setrlimit(RLIMIT_NOFILE, &few);
    tell(fd, go(fd, HALF, world_port(waiting)) == 0 ? 0 : errno);
    kill(server, SIGKILL);
}

static void test_slow_ipv4_address_needed_a_number(void **state)
{
    (void)state;
    assert_string_equal(part_output("slow_without_numbers", ipv4_first), "connected to 192.0.2.1\n");
}

/* ---- It is silent, or refuses */

static void part_silent(void)
{
    int waiting = world_listen("2001:db8::2", 0), fd = socket(AF_INET, SOCK_STREAM, 0), copy = dup(fd);
    long began_ms = milliseconds_now();
    set_limit_ms(fd, LIMIT_S * 1000);
    tell(fd, go(fd, OTHER_HALF, world_port(waiting)) == 0 ? 0 : errno);
    printf("%s\n", milliseconds_now() - began_ms >= DELAY_MS ? "after the delay" : "too early");
    tell(copy, 0);
    printf("%ld\n", limit_of_ms(copy));
}

static void test_silent_ipv4_address_kept_the_others_waiting(void **state)
{
    (void)state;
    assert_string_equal(part_output("silent", ipv4_first),
                        "connected to an alias\nafter the delay\nconnected to an alias\n40000\n");
}

static void part_refused(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    alarm(PATIENT_MS / 1000);
    SAY(go(fd, HALF, NOBODY));
    printf("%ld\n", limit_of_ms(fd));
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_refused_socket_could_not_connect_again(void **state)
{
    (void)state;
    assert_string_equal(part_output("refused", ipv4_first), "ECONNREFUSED\n0\nconnected to 192.0.2.1\n");
}

/* A second IPv4 address is on its way when the race ends, since the one that was asked for has refused. */
static void part_given_up(void)
{
    int waiting = world_listen("192.0.2.1", 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    alarm(PATIENT_MS / 1000);
    SAY(go(fd, "refuse-and-hole.example", NOBODY));
    printf("%ld\n", limit_of_ms(fd));
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_attempt_went_on_after_the_end(void **state)
{
    (void)state;
    assert_string_equal(part_output("given_up", ipv4_first), "ECONNREFUSED\n0\nconnected to 192.0.2.1\n");
}

/* With this option connect() succeeds before a packet is sent, so that nothing is known of the address. */
static void part_fast_open(void)
{
    int waiting = world_listen("2001:db8::2", 0), fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
    tell(fd, go(fd, OTHER_HALF, world_port(waiting)) == 0 ? 0 : errno);
}

static void test_fast_open_was_taken_for_an_answer(void **state)
{
    (void)state;
    enum { CLIENT_WITHOUT_COOKIE = 5 };
    char command[80];
    snprintf(command, sizeof command, "echo %d >/proc/sys/net/ipv4/tcp_fastopen", CLIENT_WITHOUT_COOKIE);
    if (system(command) != 0)
        skip();
    const char *output = part_output("fast_open", ipv4_first);
    assert_int_equal(system("echo 1 >/proc/sys/net/ipv4/tcp_fastopen"), 0);
    assert_string_equal(output, "connected to an alias\n");
}

/* ---- What comes between */

static void handle(int number)
{
    (void)number;
}

static void interrupt(int flags, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    struct itimerval once = {{0, 0}, {0, 100000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &once, NULL);
}

static void part_interrupted(void)
{
    int waiting = listen_full(), fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t before = cookie_of(fd);
    address_of(HALF);
    pid_t server = accept_later(waiting);
    interrupt(0, handle);
    SAY(go(fd, HALF, world_port(waiting)));
    printf("%s, %ld\n", cookie_of(fd) == before ? "the same" : "another", limit_of_ms(fd));
    tell(fd, finish(fd));
    kill(server, SIGKILL);
}

static void test_interrupted_connection_did_not_go_on(void **state)
{
    (void)state;
    assert_string_equal(part_output("interrupted", for_long), "EINTR\nthe same, 0\nconnected to 192.0.2.1\n");
}

static void part_restarted(void)
{
    int waiting = listen_full(), fd = socket(AF_INET, SOCK_STREAM, 0);
    address_of(HALF);
    pid_t server = accept_later(waiting);
    interrupt(SA_RESTART, handle);
    tell(fd, go(fd, HALF, world_port(waiting)) == 0 ? 0 : errno);
    kill(server, SIGKILL);
}

static void test_restarting_handler_ended_the_call(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip(); /* they have handlers of their own, which don't restart */
    assert_string_equal(part_output("restarted", for_long), "connected to 192.0.2.1\n");
}

static sigjmp_buf out;

static void jump(int number)
{
    siglongjmp(out, number);
}

static void part_jump(void)
{
    static int fd;
    int before = open_descriptors();
    fd = socket(AF_INET, SOCK_STREAM, 0);
    set_limit_ms(fd, LIMIT_S * 1000);
    address_of(HALF);
    if (sigsetjmp(out, 1) == 0) {
        interrupt(0, jump);
        SAY(go(fd, "hole-both.example", NOBODY));
    }
    close(socket(AF_INET, SOCK_STREAM, 0));
    printf("%ld, %d\n", limit_of_ms(fd), open_descriptors() - before);
}

static void test_jump_left_our_time_limit(void **state)
{
    (void)state;
    assert_string_equal(part_output("jump", for_long), "40000, 1\n");
}

static void part_own_limit(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    set_limit_ms(fd, 100);
    SAY(go(fd, "hole-both.example", NOBODY));
    SAY(go(fd, "hole-both.example", NOBODY));
    printf("%ld\n", limit_of_ms(fd));
}

static void test_programs_own_limit_was_passed_over(void **state)
{
    (void)state;
    assert_string_equal(part_output("own_limit", for_long), "EINPROGRESS\nEALREADY\n100\n");
}

static _Atomic pid_t connecting;

static void *connect_and_wait(void *data)
{
    struct sockaddr_in to = ipv4_at("0.0.0.0", NOBODY);
    to.sin_addr = first_address("hole-both.example");
    connecting = (pid_t)syscall(SYS_gettid);
    SAY(connect(*(int *)data, (struct sockaddr *)&to, sizeof to));
    return NULL;
}

static void part_shut_down(void)
{
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0), waiting = world_listen("192.0.2.1", 0);
    long began_ms = milliseconds_now();
    pthread_create(&thread, NULL, connect_and_wait, &fd);
    wait_until_asleep(&connecting);
    int result = shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    SAY(result);
    printf("%s\n", milliseconds_now() - began_ms < 1500 ? "at once" : "late");
    tell(fd, go(fd, "one4.example", world_port(waiting)) == 0 ? 0 : errno);
}

static void test_shutdown_did_not_end_the_race(void **state)
{
    (void)state;
    assert_string_equal(part_output("shut_down", for_long), "ECONNRESET\ndone\nat once\nconnected to 192.0.2.1\n");
}

static void part_child(void)
{
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = -1;
    pthread_create(&thread, NULL, connect_and_wait, &fd);
    wait_until_asleep(&connecting);
    pid_t child = fork();
    if (child == 0)
        _exit(cookie_of(fd) != 0 ? 0 : 1);
    waitpid(child, &status, 0);
    printf("%d\n", status);
    shutdown(fd, SHUT_RDWR);
    pthread_join(thread, NULL);
}

static void test_child_lost_the_socket(void **state)
{
    (void)state;
    assert_string_equal(part_output("child", for_long), "0\nECONNRESET\n");
}

/* ---- Sandboxes */

static void part_no_limit_can_be_set(void)
{
    int waiting = world_listen("192.0.2.1", 0);
    address_of(HALF);
    deny_option(SOL_SOCKET, SO_SNDTIMEO, EPERM);
    both_ways(HALF, world_port(waiting));
}

static void part_no_wait(void)
{
    int waiting = listen_full();
    address_of(HALF);
    pid_t server = accept_later(waiting);
    deny(SYS_ppoll, ANY_ARGUMENT, 0, EPERM);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tell(fd, go(fd, HALF, world_port(waiting)) == 0 ? 0 : errno);
    kill(server, SIGKILL);
}

static void test_sandbox_cost_the_connection(void **state)
{
    (void)state;
    if (filters_hang() || under_sanitizer(""))
        skip();
    assert_string_equal(part_output("no_limit_can_be_set", ipv4_first),
                        "connected to 192.0.2.1\nconnected to 192.0.2.1\n");
    assert_string_equal(part_output("no_wait", ipv4_first), "connected to 192.0.2.1\n");
}

static const struct part parts[] = {
    {"at_once", part_at_once},
    {"slow", part_slow},
    {"slow_without_numbers", part_slow_without_numbers},
    {"silent", part_silent},
    {"refused", part_refused},
    {"given_up", part_given_up},
    {"fast_open", part_fast_open},
    {"interrupted", part_interrupted},
    {"restarted", part_restarted},
    {"jump", part_jump},
    {"own_limit", part_own_limit},
    {"shut_down", part_shut_down},
    {"child", part_child},
    {"no_limit_can_be_set", part_no_limit_can_be_set},
    {"no_wait", part_no_wait},
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_working_ipv4_address_took_another_socket),
        cmocka_unit_test(test_slow_ipv4_address_was_given_up),
        cmocka_unit_test(test_slow_ipv4_address_needed_a_number),
        cmocka_unit_test(test_silent_ipv4_address_kept_the_others_waiting),
        cmocka_unit_test(test_refused_socket_could_not_connect_again),
        cmocka_unit_test(test_attempt_went_on_after_the_end),
        cmocka_unit_test(test_fast_open_was_taken_for_an_answer),
        cmocka_unit_test(test_interrupted_connection_did_not_go_on),
        cmocka_unit_test(test_restarting_handler_ended_the_call),
        cmocka_unit_test(test_jump_left_our_time_limit),
        cmocka_unit_test(test_programs_own_limit_was_passed_over),
        cmocka_unit_test(test_shutdown_did_not_end_the_race),
        cmocka_unit_test(test_child_lost_the_socket),
        cmocka_unit_test(test_sandbox_cost_the_connection),
    };
    return SUPPORT_MAIN(parts, tests);
}
