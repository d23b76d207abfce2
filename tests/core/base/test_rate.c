/* core/base/rate: how often something may be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/base/rate.h"

#define INTERVAL_MS 1000

/* How many times it may be done from one millisecond to another, when it is tried in each `step`. */
static unsigned count_allowed(int64_t *arrival_ms, int64_t from_ms, int64_t to_ms, int64_t step_ms, unsigned burst)
{
    unsigned allowed = 0;
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += step_ms)
        allowed += rate_allows(*arrival_ms, now_ms, INTERVAL_MS, burst, arrival_ms);
    return allowed;
}

static void test_burst_comes_first(void **state)
{
    (void)state;
    int64_t arrival_ms = 0;
    for (unsigned i = 0; i < 4; i++)
        assert_true(rate_allows(arrival_ms, 5000000, INTERVAL_MS, 4, &arrival_ms));
    assert_false(rate_allows(arrival_ms, 5000000, INTERVAL_MS, 4, &arrival_ms));
    assert_false(rate_allows(arrival_ms, 5000999, INTERVAL_MS, 4, &arrival_ms));
    assert_true(rate_allows(arrival_ms, 5001000, INTERVAL_MS, 4, &arrival_ms));
}

static void test_rate_holds_for_long(void **state)
{
    (void)state;
    int64_t arrival_ms = 0;
    assert_int_equal(count_allowed(&arrival_ms, 0, 100 * INTERVAL_MS, 1, 16), 16 + 99);
    /* After a pause it is the burst again, and not more. */
    assert_int_equal(count_allowed(&arrival_ms, 900 * INTERVAL_MS, 901 * INTERVAL_MS, 1, 16), 16);
}

static void test_smaller_burst_leaves_some(void **state)
{
    (void)state;
    int64_t arrival_ms = 0;
    assert_int_equal(count_allowed(&arrival_ms, 0, 500, 1, 8), 8);
    assert_int_equal(count_allowed(&arrival_ms, 500, 501, 1, 8), 0);
    assert_true(rate_allows(arrival_ms, 501, INTERVAL_MS, 16, &arrival_ms));
    int64_t never = 0;
    assert_false(rate_allows(0, 0, INTERVAL_MS, 0, &never));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_comes_first),
        cmocka_unit_test(test_rate_holds_for_long),
        cmocka_unit_test(test_smaller_burst_leaves_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
