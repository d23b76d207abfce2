/* getaddrinfo_a() where no thread can be made: several callers at once fail one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

/* The threads that the queue makes; the test's own are made by libc's function. */
static int make_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
#define pthread_create make_thread
#include "preload/resolve/lookup_queue.c"
#undef pthread_create

#define CALLERS   2
#define MOMENT_MS 300

static pthread_barrier_t all_make_threads;
static sem_t has_returned;
static _Atomic int failures;

/* All callers are here at the same time. The first one fails at once, the others when its call has returned: or after
   a moment, since it may wait for them. */
static int make_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    struct timespec end;
    (void)thread, (void)attributes, (void)run, (void)argument;
    pthread_barrier_wait(&all_make_threads);
    if (failures++ == 0)
        return EAGAIN;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += MOMENT_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    while (sem_timedwait(&has_returned, &end) != 0 && errno == EINTR)
        continue;
    return EAGAIN;
}

static int look_up(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    return 0;
}

static void *ask(void *taken)
{
    static struct gaicb requests[CALLERS];
    static _Atomic int next;
    struct gaicb *list[] = {&requests[next++]};
    int result;
    *(bool *)taken = lookup_queue_add(GAI_NOWAIT, list, 1, NULL, look_up, &result);
    sem_post(&has_returned);
    return NULL;
}

/* A request that was taken with nobody to carry it out stays in progress for ever. */
static void test_request_was_left_to_a_thread_that_could_not_be_made(void **state)
{
    (void)state;
    pthread_t callers[CALLERS];
    bool taken[CALLERS];
    pthread_barrier_init(&all_make_threads, NULL, CALLERS);
    sem_init(&has_returned, 0, 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, ask, &taken[i]), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    assert_int_equal(failures, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        assert_false(taken[i]);
    assert_null(waiting);
    assert_int_equal(workers, 0);
    assert_int_equal(starting, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_was_left_to_a_thread_that_could_not_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
