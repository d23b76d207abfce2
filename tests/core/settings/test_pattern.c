/* core/settings/pattern: each element at its edges, and no pattern that takes for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/settings/pattern.h"

/* From allocations of exactly that length. */
static bool matches(const char *pattern, const char *text)
{
    size_t length = strlen(pattern);
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, pattern, length);
    bool result = pattern_matches(copy, length, text);
    free(copy);
    return result;
}

static void test_what_a_pattern_stands_for(void **state)
{
    (void)state;
    static const char *const right[][2] = {{"", ""},
                                           {"*", ""},
                                           {"*", "named"},
                                           {"named", "named"},
                                           {"n?med", "named"},
                                           {"*d", "named"},
                                           {"n*", "named"},
                                           {"n*e*d", "named"},
                                           {"**a**", "named"},
                                           {"[mn]amed", "named"},
                                           {"[a-z]*", "x"},
                                           {"[!a-m]x", "nx"},
                                           {"[^a-m]x", "nx"},
                                           {"[]]", "]"},
                                           {"[!]]", "x"},
                                           {"[a-]", "-"},
                                           {"[-a]", "-"},
                                           {"\\*", "*"},
                                           {"[\\]a]", "]"},
                                           {"[\\a-\\c]", "b"},
                                           {"/opt/*", "/opt/a/b"},
                                           {"*/b", "/opt/a/b"},
                                           {"ab*ab", "abxab"},
                                           {"*ab", "aab"},
                                           {"a*b*c", "abbcbc"},
                                           {"[\xc3][\xa4]", "\xc3\xa4"},
                                           {"??", "\xc3\xa4"},
                                           {"[a]", "a"},
                                           {"x[0-9]y", "x5y"},
                                           {"[!!]", "a"}};
    static const char *const wrong[][2] = {
        {"", "n"},      {"n", ""},       {"named", "name"},  {"name", "named"}, {"n?med", "nmed"},
        {"?", ""},      {"*x", "named"}, {"n*x*d", "named"}, {"[mn]", "mn"},    {"[!n]amed", "named"},
        {"[z-a]", "m"}, {"[!a]", ""},    {"Named", "named"}, {"\\*", "x"},      {"ab*ab", "ab"},
        {"[!]]", "]"},  {"[!!]", "!"},   {"[a-c]", "-"}};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        if (!matches(right[i][0], right[i][1]))
            fail_msg("%s is not %s", right[i][0], right[i][1]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (matches(wrong[i][0], wrong[i][1]))
            fail_msg("%s is %s", wrong[i][0], wrong[i][1]);
}

static void test_patterns_that_are_not_whole(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        size_t offset;
    } halves[] = {{"[", 0}, {"a[b", 1}, {"[]", 0}, {"[!]", 0}, {"[!", 0}, {"a\\", 1}, {"[a\\]", 0}, {"[a]\\", 3}};
    size_t offset;
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        assert_false(pattern_is_whole(halves[i].pattern, strlen(halves[i].pattern), &offset));
        assert_int_equal(offset, halves[i].offset);
        assert_false(matches(halves[i].pattern, halves[i].pattern));
        assert_false(matches(halves[i].pattern, ""));
    }
    assert_true(pattern_is_whole("a]b", 3, &offset));
    assert_true(pattern_is_whole("", 0, &offset));
}

/* A matcher that tries every length for every star would not come to an end. */
static void test_stars_take_no_exponential_time(void **state)
{
    (void)state;
    char pattern[1024], text[4096];
    for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[sizeof pattern - 1] = '\0';
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(matches(pattern, text));
    memcpy(pattern + sizeof pattern - 3, "*b", 2);
    assert_false(matches(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_pattern_stands_for),
        cmocka_unit_test(test_patterns_that_are_not_whole),
        cmocka_unit_test(test_stars_take_no_exponential_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
