/* What is on record of a connect() with a time limit, in the child of a fork beside it, and in a signal handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include "preload/system/kernel.h"
#include "preload/thread/signal_handler.h"
#include "preload/thread/thread_end.h"

/* Called while a record is being made, and while it is given back. */
static uint64_t cookie_in_the_middle(int fd);
#define kernel_socket_cookie cookie_in_the_middle
/* Called to ask for the end of the thread. */
static void watch_as_nobody(enum thread_end_caller caller);
#define thread_end_watch watch_as_nobody
#include "preload/connect/patience.c"
#undef kernel_socket_cookie
#undef thread_end_watch

#define FRAME 4096 /* any but 0 */

static int in_the_middle; /* the signal that comes there, or 0 */
static uint64_t cookie_in_the_middle(int fd)
{
    if (in_the_middle != 0)
        raise(in_the_middle);
    return kernel_socket_cookie(fd);
}

static _Atomic unsigned watched_by_thread, watched_by_handler;
static void watch_as_nobody(enum thread_end_caller caller)
{
    (void)caller;
    atomic_fetch_add(signal_handler_may_run() ? &watched_by_handler : &watched_by_thread, 1);
}

static pthread_barrier_t both;

/* A thread that is in such a call while another one forks. */
static void *connect_long(void *item)
{
    struct timeval before = {0};
    begin(-1, &before, FRAME);
    *(uint32_t *)item = patience_current;
    pthread_barrier_wait(&both);
    pthread_barrier_wait(&both);
    end();
    return NULL;
}

/* As the child finds it: another's record is free, its own is not. */
static bool has_its_own_alone(uint32_t other, uint32_t own)
{
    patience_after_fork();
    bool given_back = pool_take(&limits) == other;
    return given_back && pool_take(&limits) > own && patience_current == own;
}

static void test_child_kept_the_record_of_another_thread(void **state)
{
    (void)state;
    struct timeval before = {0};
    pthread_t thread;
    uint32_t other;
    int status;
    pthread_barrier_init(&both, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, connect_long, &other), 0);
    pthread_barrier_wait(&both);
    assert_true(begin(-1, &before, FRAME));
    uint32_t own = patience_current;
    pid_t child = fork();
    if (child == 0)
        _exit(has_its_own_alone(other, own) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    end();
    assert_int_equal(patience_current, 0);
}

/* A handler finds the record whole, or none: never its place in the pool while it is made or given back. */
static unsigned handled;
static uint32_t taken_by_handler, current_in_handler;

static void look(int number)
{
    (void)number;
    handled++;
    current_in_handler = patience_current;
    taken_by_handler = pool_take(&limits);
    pool_give(&limits, taken_by_handler);
}

static void test_handler_found_half_a_record(void **state)
{
    (void)state;
    struct timeval before = {0};
    signal(SIGUSR1, look);
    in_the_middle = SIGUSR1;
    assert_true(begin(-1, &before, FRAME));
    uint32_t item = patience_current;
    assert_int_equal(handled, 1);
    assert_int_equal(current_in_handler, item);
    end();
    in_the_middle = 0;
    assert_int_equal(handled, 2);
    assert_int_equal(current_in_handler, 0);
    assert_int_equal(taken_by_handler, item);
}

static void test_thread_was_taken_for_a_handler(void **state)
{
    (void)state;
    struct timeval before = {0};
    atomic_store(&watched_by_thread, 0);
    atomic_store(&watched_by_handler, 0);
    assert_true(begin(-1, &before, FRAME));
    end();
    assert_int_equal(watched_by_thread, 1);
    assert_int_equal(watched_by_handler, 0);
}

int main(void)
{
    signal_handler_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_kept_the_record_of_another_thread),
        cmocka_unit_test(test_handler_found_half_a_record),
        cmocka_unit_test(test_thread_was_taken_for_a_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
