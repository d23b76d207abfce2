/* How long a resolver counts as silent, for this process and for the user's others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload/alias/aliases.h"
#include "preload/base/clock.h"
#include "preload/resolve/no_aaaa.h"
#include "preload/state/state.h"
#include "support.h"

#define MARK         0 /* of the silent resolver */
#define REMEMBERED_S 600
#define LONG_MS      500

static bool counts(int64_t until_s)
{
    CHECK(state_mark_write(MARK, (uint64_t)until_s));
    return no_aaaa_is_known();
}

/* A mark that is too far in the future was made before the calendar was set back, or by nobody of ours. */
static void marks(void)
{
    start_aliases(10);
    int64_t now_s = time(NULL);
    CHECK(!no_aaaa_is_known());
    CHECK(counts(now_s + REMEMBERED_S / 2));
    CHECK(counts(now_s + REMEMBERED_S - 1));
    CHECK(!counts(now_s - 1));
    CHECK(!counts(now_s + REMEMBERED_S * 2));
    CHECK(!counts(INT64_MAX));
    CHECK(!counts(-1));
}

static void test_mark_counted_too_long(void **state)
{
    (void)state;
    assert_true(support_child(marks));
}

static void ask_another_process(void)
{
    start_aliases(10);
    CHECK(no_aaaa_is_known());
}

static void note(void)
{
    start_aliases(10);
    no_aaaa_note("one.example", clock_now_ms(), LONG_MS - 1);
    no_aaaa_note("two.example", clock_now_ms(), LONG_MS - 1);
    CHECK(!no_aaaa_is_known());
    no_aaaa_note("one.example", clock_now_ms(), LONG_MS);
    CHECK(!no_aaaa_is_known());
    no_aaaa_note("two.example", clock_now_ms(), LONG_MS);
    CHECK(no_aaaa_is_known());
    CHECK(support_child(ask_another_process));
}

/* A question lost, now and then; the same name again, whose own servers may be silent; questions of one moment. */
static void note_no_row(void)
{
    start_aliases(10);
    int64_t before_ms = clock_now_ms() - 1;
    no_aaaa_note("one.example", clock_now_ms(), LONG_MS);
    no_aaaa_broken();
    no_aaaa_note("two.example", clock_now_ms(), LONG_MS);
    CHECK(!no_aaaa_is_known());
    no_aaaa_note("two.example", clock_now_ms(), LONG_MS);
    no_aaaa_note("three.example", before_ms, LONG_MS);
    CHECK(!no_aaaa_is_known());
}

static void test_silence_was_noted_too_soon(void **state)
{
    (void)state;
    assert_true(support_child(note_no_row));
}

static void test_silence_was_not_noted(void **state)
{
    (void)state;
    assert_true(support_child(note));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_mark_counted_too_long),
        TEST(test_silence_was_not_noted),
        TEST(test_silence_was_noted_too_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
