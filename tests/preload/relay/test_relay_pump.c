/* The process of a relay ends: where its program has gone and the peer reads nothing, and where it may not wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define LAST_WAIT_S 3
#include "preload/relay/relay_pump.c"

#include "../deny.h"

#define IN_TIME_MS   20000
#define PIECE_MS     100
#define NO_LINE_ENDS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct relayed {
    int program, peer;
    pid_t relay;
};

static void not_denied(void)
{
}

static void no_ppoll(void)
{
    deny(SYS_ppoll, ANY_ARGUMENT, 0, EPERM);
}

static struct relayed begin(void (*sandbox)(void))
{
    int local[2], network[2];
    struct relayed relayed;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, local), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, network), 0);
    relayed.program = local[0];
    relayed.peer = network[0];
    relayed.relay = fork();
    if (relayed.relay == 0) {
        const struct relay_work work = {.local = local[1], .network = network[1], .role = RELAY_FTP_SERVER};
        close(local[0]);
        close(network[0]);
        signal(SIGPIPE, SIG_IGN);
        sandbox();
        relay_pump_run(&work);
        _exit(0);
    }
    close(local[1]);
    close(network[1]);
    return relayed;
}

static bool ends_in_time(pid_t relay)
{
    for (int waited_ms = 0; waited_ms < IN_TIME_MS; waited_ms += PIECE_MS) {
        if (waitpid(relay, NULL, WNOHANG) == relay)
            return true;
        poll(NULL, 0, PIECE_MS);
    }
    kill(relay, SIGKILL);
    waitpid(relay, NULL, 0);
    return false;
}

/* Until nobody takes anything any more. */
static void fill(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    while (poll(&polled, 1, 2 * PIECE_MS) == 1 && write(fd, NO_LINE_ENDS, sizeof NO_LINE_ENDS - 1) > 0) {
    }
}

static void test_peer_that_reads_nothing_kept_the_relay(void **state)
{
    (void)state;
    struct relayed relayed = begin(not_denied);
    fill(relayed.program);
    close(relayed.program);
    assert_true(ends_in_time(relayed.relay));
    close(relayed.peer);
}

static void test_peer_that_sends_and_reads_nothing_kept_the_relay(void **state)
{
    (void)state;
    struct relayed relayed = begin(not_denied);
    fill(relayed.program);
    close(relayed.program);
    pid_t sender = fork();
    if (sender == 0) {
        signal(SIGPIPE, SIG_IGN);
        while (write(relayed.peer, "NOOP\r\n", 6) == 6 || errno == EAGAIN)
            poll(NULL, 0, PIECE_MS);
        _exit(0);
    }
    assert_true(ends_in_time(relayed.relay));
    kill(sender, SIGKILL);
    assert_int_equal(waitpid(sender, NULL, 0), sender);
    close(relayed.peer);
}

/* All that the program wrote comes, however slowly it is read. */
static void test_slow_peer_lost_data(void **state)
{
    (void)state;
    static char block[OUTPUT_SIZE];
    struct relayed relayed = begin(not_denied);
    long written = 0, got = 0;
    struct pollfd polled = {.fd = relayed.program, .events = POLLOUT};
    while (poll(&polled, 1, 2 * PIECE_MS) == 1 && write(relayed.program, NO_LINE_ENDS, sizeof NO_LINE_ENDS - 1) > 0)
        written += (long)sizeof NO_LINE_ENDS - 1;
    close(relayed.program);
    polled = (struct pollfd){.fd = relayed.peer, .events = POLLIN};
    for (ssize_t piece = 1; piece > 0 && poll(&polled, 1, IN_TIME_MS) == 1; got += piece > 0 ? piece : 0) {
        if (got < 4 * OUTPUT_SIZE)
            poll(NULL, 0, PIECE_MS);
        piece = read(relayed.peer, block, sizeof block);
    }
    assert_int_equal(got, written);
    assert_true(ends_in_time(relayed.relay));
    close(relayed.peer);
}

static void test_refused_wait_was_tried_for_ever(void **state)
{
    (void)state;
    struct relayed relayed = begin(no_ppoll);
    assert_true(ends_in_time(relayed.relay));
    close(relayed.program);
    close(relayed.peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_that_reads_nothing_kept_the_relay),
        cmocka_unit_test(test_peer_that_sends_and_reads_nothing_kept_the_relay),
        cmocka_unit_test(test_slow_peer_lost_data),
        cmocka_unit_test(test_refused_wait_was_tried_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
