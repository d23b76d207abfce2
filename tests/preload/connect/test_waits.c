/*
 * Waits that end in an unusual way while a connection is being raced: a handler jumps out of them, the thread is
 * cancelled, a signal or an error ends them. The program's list is then what it would be without the library.
 */
#include "../support.h"
#include "core/base/error_text.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PORT       7001
#define UNTOUCHED  0x5a
#define PATIENCE_S 60

/* Short ones and those for which there is no room on a stack. */
static const nfds_t lengths[] = {1, 256, 257, 1500};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

static struct pollfd polled[1500];
static nfds_t count;

/* A list whose last entry is a socket that is being connected; the others are empty. */
static void make_list(nfds_t length, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = first_address(getenv("NAME"))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    count = length;
    for (nfds_t i = 0; i < length; i++)
        polled[i] = (struct pollfd){.fd = i == length - 1 ? fd : -1, .events = POLLIN, .revents = UNTOUCHED};
}

static void tell_list(void)
{
    nfds_t otherwise = 0, untouched = 0, answered = 0;
    for (nfds_t i = 0; i < count; i++) {
        otherwise += polled[i].events != POLLIN;
        untouched += polled[i].revents == UNTOUCHED;
        answered += polled[i].revents != 0;
    }
    printf("%lu: events %lu, untouched %lu, answered %lu, last %d\n", (unsigned long)count, (unsigned long)otherwise,
           (unsigned long)untouched, (unsigned long)answered, polled[count - 1].revents);
    close(polled[count - 1].fd);
}

/* ---- Somebody who waits until the thread of the list is asleep, and wakes it */

static atomic_bool is_ready;
static pid_t sleeper;
static pthread_t sleeping_thread;

static bool is_asleep(void)
{
    char path[64], text[512], state = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)sleeper);
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(text, sizeof text, file) != NULL && strrchr(text, ')') != NULL)
        state = strrchr(text, ')')[2];
    if (file != NULL)
        fclose(file);
    return state == 'S';
}

static void wait_for_sleep(void)
{
    while (!atomic_load(&is_ready) || !is_asleep())
        syscall(SYS_sched_yield);
}

static void *wake(void *unused)
{
    wait_for_sleep();
    pthread_kill(sleeping_thread, SIGUSR1);
    return unused;
}

static void announce_sleep(void)
{
    sleeper = (pid_t)syscall(SYS_gettid);
    sleeping_thread = pthread_self();
    atomic_store(&is_ready, true);
}

static void on_signal(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    alarm(PATIENCE_S);
}

static sigjmp_buf out;

static void jump(int number)
{
    siglongjmp(out, number);
}

static void do_nothing(int number)
{
    (void)number;
}

/* ---- The ways */

static void part_jump(void)
{
    on_signal(jump);
    for (volatile size_t i = 0; i < LENGTHS; i++) {
        pthread_t waker;
        atomic_store(&is_ready, false);
        make_list(lengths[i], PORT);
        pthread_create(&waker, NULL, wake, NULL);
        if (sigsetjmp(out, 1) == 0) {
            announce_sleep();
            poll(polled, count, -1);
            printf("not interrupted ");
        }
        pthread_join(waker, NULL);
        tell_list();
    }
}

static void *poll_for_ever(void *unused)
{
    announce_sleep();
    poll(polled, count, -1);
    return unused;
}

static void part_cancel(void)
{
    alarm(PATIENCE_S);
    for (size_t i = 0; i < LENGTHS; i++) {
        pthread_t thread;
        void *result = NULL;
        atomic_store(&is_ready, false);
        make_list(lengths[i], PORT);
        pthread_create(&thread, NULL, poll_for_ever, NULL);
        wait_for_sleep();
        pthread_cancel(thread);
        pthread_join(thread, &result);
        printf("%s ", result == PTHREAD_CANCELED ? "cancelled" : "ended");
        tell_list();
    }
}

/* Cancelled before it waits: what cleans up then finds its signals as it had them. */
static void tell_signals(void *unused)
{
    sigset_t blocked;
    (void)unused;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    printf("%s ", sigismember(&blocked, SIGUSR1) ? "blocked" : "let through");
}

static void *poll_cancelled(void *unused)
{
    pthread_cleanup_push(tell_signals, NULL);
    pthread_cancel(pthread_self());
    poll(polled, count, -1);
    pthread_cleanup_pop(0);
    return unused;
}

static void part_cancelled_before(void)
{
    alarm(PATIENCE_S);
    for (size_t i = 0; i < LENGTHS; i++) {
        pthread_t thread;
        void *result = NULL;
        make_list(lengths[i], PORT);
        pthread_create(&thread, NULL, poll_cancelled, NULL);
        pthread_join(thread, &result);
        printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "ended");
        close(polled[count - 1].fd);
    }
}

/* The signal is let through in the sleep alone where `masked`. */
static void interrupt(bool masked)
{
    sigset_t none, one, after;
    sigemptyset(&none);
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    on_signal(do_nothing);
    for (size_t i = 0; i < LENGTHS; i++) {
        pthread_t waker;
        atomic_store(&is_ready, false);
        make_list(lengths[i], PORT);
        pthread_sigmask(masked ? SIG_BLOCK : SIG_UNBLOCK, &one, NULL);
        pthread_create(&waker, NULL, wake, NULL);
        announce_sleep();
        int ready = masked ? ppoll(polled, count, NULL, &none) : poll(polled, count, -1);
        printf("%d %s ", ready, ready < 0 ? error_name(errno) : "");
        pthread_sigmask(SIG_BLOCK, NULL, &after);
        printf("blocked: %d %d ", sigismember(&after, SIGUSR1), sigismember(&after, SIGUSR2));
        pthread_join(waker, NULL);
        tell_list();
    }
}

static void part_interrupt(void)
{
    interrupt(false);
    interrupt(true);
}

/* No call may be about more entries than there may be descriptors. */
static void part_refused(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        struct rlimit before, limit;
        make_list(lengths[i], PORT);
        getrlimit(RLIMIT_NOFILE, &before);
        limit = before;
        limit.rlim_cur = lengths[i] - 1;
        setrlimit(RLIMIT_NOFILE, &limit);
        int ready = poll(polled, count, -1);
        printf("%d %s ", ready, ready < 0 ? error_name(errno) : "");
        setrlimit(RLIMIT_NOFILE, &before);
        tell_list();
    }
}

static void part_no_time(void)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        make_list(lengths[i], PORT);
        printf("%d ", poll(polled, count, 0));
        tell_list();
        make_list(lengths[i], PORT);
        printf("%d ", poll(polled, count, 70));
        tell_list();
    }
}

static int waiting;

static void *greet(void *unused)
{
    for (size_t i = 0; i < LENGTHS; i++) {
        int fd = (int)syscall(SYS_accept4, waiting, NULL, NULL, 0);
        if (syscall(SYS_write, fd, "x", 1) != 1)
            printf("not sent ");
    }
    return unused;
}

/* Whoever waits for data alone wakes when the race has a winner and that has said something. */
static void part_data(void)
{
    pthread_t server;
    alarm(PATIENCE_S);
    waiting = world_listen("192.0.2.1", 0);
    pthread_create(&server, NULL, greet, NULL);
    for (size_t i = 0; i < LENGTHS; i++) {
        make_list(lengths[i], world_port(waiting));
        printf("%d ", poll(polled, count, -1));
        tell_list();
    }
    pthread_join(server, NULL);
}

/* ---- Bare and shimmed */

static void assert_as_bare(const char *part, const char *bare_name, const char *name)
{
    /* Without a history, which would begin with the address that answers. */
    static const char *const variables[] = {"V6SHIM_STATE_DIR=/proc/none", "V6SHIM_LOG=quiet", NULL};
    setenv("NAME", bare_name, 1);
    struct part_result bare = *part_run_bare(part);
    assert_int_equal(bare.status, 0);
    setenv("NAME", name, 1);
    assert_string_equal(part_output(part, variables), bare.output);
}

static void test_jump_left_a_list_changed(void **state)
{
    (void)state;
    assert_as_bare("jump", "hole4.example", "hole-both.example");
}

static void test_cancellation_left_a_list_changed(void **state)
{
    (void)state;
    if (under_sanitizer("address"))
        skip(); /* it takes the frames of the cancelled thread for live ones */
    assert_as_bare("cancel", "hole4.example", "hole-both.example");
}

static void test_cancelled_thread_cleaned_up_without_signals(void **state)
{
    (void)state;
    if (under_sanitizer("address"))
        skip();
    assert_as_bare("cancelled before", "hole4.example", "hole-both.example");
}

static void test_signal_did_not_end_a_wait(void **state)
{
    (void)state;
    assert_as_bare("interrupt", "hole4.example", "hole-both.example");
}

static void test_refused_wait_changed_the_list(void **state)
{
    (void)state;
    assert_as_bare("refused", "hole4.example", "hole-both.example");
}

static void test_end_of_the_time_was_told_otherwise(void **state)
{
    (void)state;
    assert_as_bare("no_time", "hole4.example", "hole-both.example");
}

static void test_wait_for_data_alone_slept_on(void **state)
{
    (void)state;
    assert_as_bare("data", "one4.example", "half-hole.example");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"jump", part_jump},
                                        {"cancel", part_cancel},
                                        {"cancelled before", part_cancelled_before},
                                        {"interrupt", part_interrupt},
                                        {"refused", part_refused},
                                        {"no_time", part_no_time},
                                        {"data", part_data},
                                        {NULL, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jump_left_a_list_changed),
        cmocka_unit_test(test_cancellation_left_a_list_changed),
        cmocka_unit_test(test_cancelled_thread_cleaned_up_without_signals),
        cmocka_unit_test(test_signal_did_not_end_a_wait),
        cmocka_unit_test(test_refused_wait_changed_the_list),
        cmocka_unit_test(test_end_of_the_time_was_told_otherwise),
        cmocka_unit_test(test_wait_for_data_alone_slept_on),
    };
    return SUPPORT_MAIN(parts, tests);
}
