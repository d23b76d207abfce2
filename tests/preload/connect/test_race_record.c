/* A signal handler that comes while a race ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "preload/system/kernel.h"

/* Called while the sockets of a race are closed. */
static uint64_t cookie_in_the_middle(int fd);
#define kernel_socket_cookie cookie_in_the_middle
#include "preload/connect/race.c"
#undef kernel_socket_cookie

#define FRAME 4096 /* any but 0 */

static uint64_t cookie_in_the_middle(int fd)
{
    raise(SIGUSR1);
    return kernel_socket_cookie(fd);
}

static sigjmp_buf out;
static uint32_t current_in_handler;
static unsigned running_in_handler;

static void jump(int number)
{
    current_in_handler = race_current;
    running_in_handler = atomic_load(&race_running);
    siglongjmp(out, number);
}

static void test_jump_left_a_socket_and_a_record(void **state)
{
    (void)state;
    static volatile uint32_t item;
    static volatile int fd;
    item = pool_take(&races);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    struct race *race = race_at(item);
    for (unsigned i = 0; i < EYEBALLS_CANDIDATES_MAX; i++)
        atomic_store(&race->attempts[i].socket, NO_SOCKET);
    race->attempts[0].cookie = kernel_socket_cookie(fd);
    atomic_store(&race->attempts[0].socket, fd);
    atomic_store(&race->frame, FRAME);
    atomic_store(&race_running, 1);
    race_current = item;
    signal(SIGUSR1, jump);
    if (sigsetjmp(out, 1) == 0)
        end_race(item);
    assert_int_equal(current_in_handler, 0);
    assert_int_equal(running_in_handler, 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(pool_take(&races), item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_jump_left_a_socket_and_a_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
