/* How often libc's resolver asks, in shorter waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/names/tries.h"

#define SERVERS_MOST 3  /* MAXNS of <resolv.h> */
#define WAIT_MOST    30 /* RES_MAXRETRANS */
#define TIMES_MOST   5  /* RES_MAXRETRY */
#define ROUNDS_MOST  30

static int64_t whole_s(struct tries tries, unsigned servers)
{
    return tries.times * tries_round_s(tries.wait_s, servers);
}

/* As measured with glibc 2.36 and name servers that are silent. */
static void test_rounds(void **state)
{
    (void)state;
    assert_int_equal(tries_round_s(5, 1), 5);
    assert_int_equal(tries_round_s(5, 2), 5 + 5);
    assert_int_equal(tries_round_s(5, 3), 5 + 3 + 6);
    assert_int_equal(tries_round_s(1, 3), 1 + 1 + 1);
    assert_int_equal(tries_round_s(0, 2), 1 + 1);
}

static void expect(int wait_s, int times, unsigned servers, int shorter_s, int more_times)
{
    struct tries shorter = tries_shorten((struct tries){wait_s, times}, servers);
    assert_int_equal(shorter.wait_s, shorter_s);
    assert_int_equal(shorter.times, more_times);
}

static void test_shorter_waits(void **state)
{
    (void)state;
    expect(5, 2, 1, 1, 10);
    expect(5, 2, 2, 1, 10);
    expect(5, 2, 3, 1, 10); /* 28 seconds */
    expect(2, 1, 1, 1, 2);
    expect(30, 5, 1, 5, 30);
}

static void test_what_stays(void **state)
{
    (void)state;
    expect(1, 2, 1, 1, 2);
    expect(0, 2, 1, 0, 2);
    expect(-5, 2, 1, -5, 2);
    expect(5, 0, 1, 5, 0);
    expect(5, -1, 1, 5, -1);
    expect(5, 2, 0, 5, 2); /* no server is asked */
    expect(5, 2, UINT32_MAX, 5, 2);
    expect(INT32_MAX, INT32_MAX, SERVERS_MOST, INT32_MAX, INT32_MAX);
}

static void test_time_was_lost(void **state)
{
    (void)state;
    for (unsigned servers = 1; servers <= SERVERS_MOST; servers++)
        for (int wait_s = 1; wait_s <= WAIT_MOST; wait_s++)
            for (int times = 1; times <= TIMES_MOST; times++) {
                struct tries tries = {wait_s, times}, shorter = tries_shorten(tries, servers);
                int64_t more_s = whole_s(shorter, servers) - whole_s(tries, servers);
                assert_in_range(more_s, 0, tries_round_s(shorter.wait_s, servers) - 1);
                assert_in_range(shorter.wait_s, 1, wait_s);
                assert_true(shorter.times >= times);
                assert_true(shorter.wait_s > 1 || shorter.times <= ROUNDS_MOST);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_shorter_waits),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_time_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
