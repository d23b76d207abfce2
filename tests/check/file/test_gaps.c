/* check/file/gaps: the catalogue is whole, and what it says of the shim is what hooks.def says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "check/file/gaps.h"

static const char *const hooked[] = {
#define HOOK(type, name, parameters, need) #name,
#include "preload/hooks.def"
#undef HOOK
};

static bool is_in_hooks(const char *name)
{
    for (size_t index = 0; index < sizeof hooked / sizeof hooked[0]; index++)
        if (strcmp(hooked[index], name) == 0)
            return true;
    return false;
}

static void test_identifiers_are_unique_and_plain(void **state)
{
    (void)state;
    for (unsigned number = 0; number < GAP_COUNT; number++) {
        const char *id = gap_get((enum gap_number)number)->id;
        assert_int_equal(gap_find(id), number);
        for (const char *at = id; *at != '\0'; at++)
            assert_true(islower((unsigned char)*at) || *at == '-');
    }
    assert_int_equal(gap_find("no-such-gap"), GAP_COUNT);
    assert_int_equal(gap_find(""), GAP_COUNT);
}

static void test_every_gap_is_explained(void **state)
{
    (void)state;
    for (unsigned number = 0; number < GAP_COUNT; number++) {
        const struct gap *gap = gap_get((enum gap_number)number);
        const char *sentences[] = {gap->problem, gap->replacement};
        for (size_t index = 0; index < 2; index++) {
            assert_true(strlen(sentences[index]) > 10);
            assert_int_equal(sentences[index][strlen(sentences[index]) - 1], '.');
        }
        assert_true(islower((unsigned char)gap->title[0]) || isupper((unsigned char)gap->title[0]) ||
                    gap->title[0] == '/');
        assert_int_not_equal(gap->title[strlen(gap->title) - 1], '.');
        assert_true(strstr(gap->reference, "RFC") != NULL || strchr(gap->reference, '(') != NULL);
    }
}

static void test_symbols_show_their_gap(void **state)
{
    (void)state;
    assert_int_equal(gap_of_symbol("gethostbyname"), GAP_NAME_LOOKUP);
    assert_int_equal(gap_of_symbol("gethostbyname@GLIBC_2.2.5"), GAP_NAME_LOOKUP);
    assert_int_equal(gap_of_symbol("gethostbyname_r@@GLIBC_2.2.5"), GAP_NAME_LOOKUP);
    assert_int_equal(gap_of_symbol("gethostbynam"), GAP_COUNT);
    assert_int_equal(gap_of_symbol("gethostbynames"), GAP_COUNT);
    assert_int_equal(gap_of_symbol("printf"), GAP_COUNT);
    assert_int_equal(gap_of_symbol(""), GAP_COUNT);
}

static void test_hooked_is_what_hooks_def_says(void **state)
{
    (void)state;
    static const char *const others[] = {"inet_pton", "inet_ntop", "printf", "HOOK", "name", ""};
    for (size_t index = 0; index < sizeof hooked / sizeof hooked[0]; index++) {
        assert_true(gap_symbol_is_hooked(hooked[index]));
        char versioned[128] = "";
        strncat(versioned, hooked[index], sizeof versioned - 32);
        strcat(versioned, "@GLIBC_2.2.5");
        assert_true(gap_symbol_is_hooked(versioned));
    }
    for (size_t index = 0; index < sizeof others / sizeof others[0]; index++)
        assert_int_equal(gap_symbol_is_hooked(others[index]), is_in_hooks(others[index]));
}

static void test_times_of_64_bits_make_no_difference(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *usual;
    } names[] = {
#define TIME64_EVERYWHERE
#define TIME64(type, name, parameters, twin) {#name, #twin},
#include "preload/time64.def"
#undef TIME64
    };
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        assert_true(is_in_hooks(names[index].usual));
        assert_true(gap_symbol_is_hooked(names[index].symbol));
        assert_string_equal(gap_usual_symbol(names[index].symbol), names[index].usual);
        assert_int_equal(gap_of_symbol(names[index].symbol), gap_of_symbol(names[index].usual));
    }
    assert_string_equal(gap_usual_symbol("__select64@GLIBC_2.34"), "select");
    assert_string_equal(gap_usual_symbol("__select6"), "__select6");
    assert_string_equal(gap_usual_symbol("select"), "select");
}

static void test_covered_needs_a_hook_and_a_gap_that_one_can_cover(void **state)
{
    (void)state;
    assert_true(gap_is_covered(GAP_NAME_LOOKUP, "gethostbyname"));
    assert_true(gap_is_covered(GAP_INET_SOCKET, "socket"));
    assert_true(gap_symbol_is_hooked("setsockopt"));
    assert_false(gap_is_covered(GAP_BROADCAST, "setsockopt"));
    assert_false(gap_is_covered(GAP_RAW_SOCKET, "socket"));
    assert_false(gap_is_covered(GAP_NAME_LOOKUP, "no_such_function"));
    assert_false(gap_is_covered(GAP_NAME_LOOKUP, NULL));
}

static void test_severities_have_names(void **state)
{
    (void)state;
    for (int number = GAP_NOTE; number <= GAP_ERROR; number++) {
        enum gap_severity severity = GAP_NOTE;
        assert_true(gap_severity_parse(gap_severity_name((enum gap_severity)number), &severity));
        assert_int_equal(severity, number);
    }
    enum gap_severity severity = GAP_WARNING;
    assert_false(gap_severity_parse("warnin", &severity));
    assert_false(gap_severity_parse("", &severity));
    assert_int_equal(severity, GAP_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifiers_are_unique_and_plain),
        cmocka_unit_test(test_every_gap_is_explained),
        cmocka_unit_test(test_symbols_show_their_gap),
        cmocka_unit_test(test_hooked_is_what_hooks_def_says),
        cmocka_unit_test(test_times_of_64_bits_make_no_difference),
        cmocka_unit_test(test_covered_needs_a_hook_and_a_gap_that_one_can_cover),
        cmocka_unit_test(test_severities_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
