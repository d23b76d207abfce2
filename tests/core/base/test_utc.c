/* Dates and times as text. */
#include "core/base/utc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#define STEP_S 79199 /* 22 hours less a second: each day, and all times of day */
#define END_S  253402300799

static const char *printed(int64_t seconds)
{
    static char data[64];
    struct text text = text_on(data, sizeof data);
    text_add_utc(&text, seconds);
    return data;
}

static void test_known_date_was_another(void **state)
{
    (void)state;
    assert_string_equal(printed(0), "1970-01-01T00:00:00Z");
    assert_string_equal(printed(951782400), "2000-02-29T00:00:00Z");
    assert_string_equal(printed(1000000000), "2001-09-09T01:46:40Z");
    assert_string_equal(printed(4107542399), "2100-02-28T23:59:59Z");
    assert_string_equal(printed(4107542400), "2100-03-01T00:00:00Z");
    assert_string_equal(printed(END_S), "9999-12-31T23:59:59Z");
}

/* As libc has it, where time_t goes so far. */
static void test_date_differed_from_libc(void **state)
{
    (void)state;
    int64_t end = sizeof(time_t) > sizeof(int32_t) ? END_S : INT32_MAX;
    for (int64_t seconds = 0; seconds < end; seconds += STEP_S) {
        char expected[64];
        time_t at = (time_t)seconds;
        struct tm parts;
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
        assert_string_equal(printed(seconds), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_date_was_another),
        cmocka_unit_test(test_date_differed_from_libc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
