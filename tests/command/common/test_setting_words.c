/* command/common/setting_words: every setting has its own words, and its default is what the library starts with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "command/common/setting_words.h"

static void test_every_setting_has_words(void **state)
{
    (void)state;
    size_t count, groups = 0;
    const struct setting *list = config_list(&count);
    for (size_t index = 0; index < count; index++) {
        const struct setting_words *words = setting_words(&list[index]);
        size_t length = strlen(words->help);
        assert_true(length > 0 && words->help[length - 1] == '.');
        assert_true(words->metavariable[0] != '\0');
        groups += words->group != NULL;
        assert_true(index > 0 || words->group != NULL);
    }
    assert_int_equal(groups, 7);
}

static void test_placeholders(void **state)
{
    (void)state;
    char buffer[128];
    assert_string_equal(setting_placeholder(config_find("prefer", 6), buffer, sizeof buffer), "policy|ipv6|ipv4");
    assert_string_equal(setting_placeholder(config_find("attempt-delay", 13), buffer, sizeof buffer), "MS");
    assert_string_equal(setting_placeholder(config_find("policy", 6), buffer, sizeof buffer),
                        "system|rfc6724|rfc6724-update|ula-first|ipv4-first|PATH");
}

/* Field by field: what stands in config_defaults(), and what settings.def says. */
static void test_defaults_are_what_their_texts_say(void **state)
{
    (void)state;
    static struct settings compiled, read;
    size_t count;
    const struct setting *list = config_list(&count);
    config_defaults(&compiled);
    for (size_t index = 0; index < count; index++) {
        const char *initial = setting_words(&list[index])->initial;
        struct setting_fault fault;
        if (initial[0] != '\0')
            assert_true(setting_parse(&list[index], initial, strlen(initial), &read, &fault));
        if (memcmp((char *)&read + list[index].offset, (char *)&compiled + list[index].offset, list[index].size) != 0)
            fail_msg("%s: not %s", list[index].keyword, initial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_setting_has_words),
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_defaults_are_what_their_texts_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
