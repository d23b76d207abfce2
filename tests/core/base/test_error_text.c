/* Names and words of errors, against those of libc. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/error_text.h"

static void words_are_those_of_libc(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip(); /* musl has other words */
#endif
    setlocale(LC_ALL, "C");
    for (int error = 1; error <= EHWPOISON; error++)
        if (error_words(error) != NULL)
            assert_string_equal(error_words(error), strerror(error));
        else
            assert_memory_equal(strerror(error), "Unknown error", strlen("Unknown error"));
}

static void names_are_those_of_the_header(void **state)
{
    (void)state;
    assert_string_equal(error_name(EPERM), "EPERM");
    assert_string_equal(error_name(EAGAIN), "EAGAIN");
    assert_string_equal(error_name(EOPNOTSUPP), "EOPNOTSUPP");
    assert_string_equal(error_name(ECONNREFUSED), "ECONNREFUSED");
    assert_string_equal(error_name(EHWPOISON), "EHWPOISON");
}

static void other_numbers_have_none(void **state)
{
    (void)state;
    static const int none[] = {0, -1, EHWPOISON + 1, 4095, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_null(error_name(none[i]));
        assert_null(error_words(none[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_libc),
        cmocka_unit_test(names_are_those_of_the_header),
        cmocka_unit_test(other_numbers_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
