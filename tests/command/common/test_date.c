/* command/common/date: each form of a date, in UTC and in local time; and times that have none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "command/common/date.h"

#define LEAP_DAY_S 1709251198 /* 2024-02-29T23:59:58Z */

static void expect(int64_t time_s, enum date_form form, const char *expected)
{
    char text[DATE_SIZE];
    assert_string_equal(date_print(time_s, form, text), expected);
}

static void test_json_is_utc(void **state)
{
    (void)state;
    expect(LEAP_DAY_S, DATE_JSON_SECOND, "2024-02-29T23:59:58Z");
    expect(LEAP_DAY_S, DATE_JSON_MINUTE, "2024-02-29T23:59Z");
    expect(0, DATE_JSON_SECOND, "1970-01-01T00:00:00Z");
}

static void test_text_is_local_time(void **state)
{
    (void)state;
    expect(LEAP_DAY_S, DATE_SECOND, "2024-03-01 01:59:58");
    expect(LEAP_DAY_S, DATE_MINUTE, "2024-03-01 01:59");
    expect(LEAP_DAY_S, DATE_OF_DAY, "01:59:58");
}

static void test_no_date(void **state)
{
    (void)state;
    expect(INT64_MAX, DATE_JSON_SECOND, "unknown");
    expect(INT64_MIN, DATE_SECOND, "unknown");
}

int main(void)
{
    setenv("TZ", "TST-2", 1); /* two hours before UTC */
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_utc),
        cmocka_unit_test(test_text_is_local_time),
        cmocka_unit_test(test_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
