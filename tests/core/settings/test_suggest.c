/* core/settings/suggest: the nearest word, and none where none is near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/settings/suggest.h"

static const char *nearest(const char *typed)
{
    static const char *const words[] = {"prefer", "families", "resolution-delay", "log", "log-file",
                                        "alias",  "check"};
    struct suggestion suggestion = suggest_for(typed, strlen(typed));
    for (size_t index = 0; index < sizeof words / sizeof words[0]; index++)
        suggest_consider(&suggestion, words[index]);
    return suggestion.nearest;
}

static void test_one_slip_is_near(void **state)
{
    (void)state;
    assert_string_equal(nearest("prefr"), "prefer");
    assert_string_equal(nearest("preferr"), "prefer");
    assert_string_equal(nearest("prefur"), "prefer");
    assert_string_equal(nearest("perfer"), "prefer");
    assert_string_equal(nearest("lgo"), "log");
    assert_string_equal(nearest("ailas"), "alias");
    assert_string_equal(nearest("prefer"), "prefer");
}

static void test_letter_case_and_underscores_do_not_count(void **state)
{
    (void)state;
    assert_string_equal(nearest("RESOLUTION_DELAY"), "resolution-delay");
    assert_string_equal(nearest("LOG_FIEL"), "log-file");
}

static void test_the_nearest_of_several_wins(void **state)
{
    (void)state;
    assert_string_equal(nearest("log-fil"), "log-file");
    assert_string_equal(nearest("logg"), "log");
}

static void test_more_than_a_third_wrong_is_not_near(void **state)
{
    (void)state;
    assert_null(nearest("colour"));
    assert_null(nearest("pxexex")); /* three of six */
    assert_string_equal(nearest("pxexer"), "prefer");
    assert_null(nearest("xy"));
    assert_null(nearest(""));
}

static void test_long_words_are_never_near(void **state)
{
    (void)state;
    char word[SUGGEST_WORD_LENGTH + 2];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(nearest(word));
    struct suggestion suggestion = suggest_for(word, SUGGEST_WORD_LENGTH);
    suggest_consider(&suggestion, word); /* this one is longer */
    assert_null(suggestion.nearest);
    suggest_consider(&suggestion, word + 1);
    assert_ptr_equal(suggestion.nearest, word + 1);
    assert_int_equal(suggestion.distance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_slip_is_near),
        cmocka_unit_test(test_letter_case_and_underscores_do_not_count),
        cmocka_unit_test(test_the_nearest_of_several_wins),
        cmocka_unit_test(test_more_than_a_third_wrong_is_not_near),
        cmocka_unit_test(test_long_words_are_never_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
