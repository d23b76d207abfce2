/* core/settings/config_file: blocks for programs. What is for one program, or not understood, never holds for
 * another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/settings/config.h"

/* Everything that was reported, a line each: "line:column: message", with " (block)" where it voids one. */
static char reported[8192];
/* What was taken, a line each: "line keyword". */
static char taken[1024];
static const struct program_name *program;
static unsigned asked;

static void report(void *context, const struct config_problem *problem)
{
    (void)context;
    size_t used = strlen(reported);
    snprintf(reported + used, sizeof reported - used, "%u:%u: %s%s\n", problem->line, problem->column,
             problem->message, problem->voids_block ? " (block)" : "");
}

static void take(void *context, const struct setting *setting, const struct config_origin *origin)
{
    (void)context;
    assert_string_equal(origin->source, "f");
    assert_true(origin->length > 0);
    size_t used = strlen(taken);
    snprintf(taken + used, sizeof taken - used, "%u %s\n", origin->line, setting->keyword);
}

static const struct program_name *tell(void *context)
{
    (void)context;
    asked++;
    return program;
}

static struct settings parse_as(const struct program_name *name, const char *text)
{
    struct settings settings = {0};
    size_t length = strlen(text);
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    reported[0] = taken[0] = '\0';
    program = name;
    asked = 0;
    config_parse(copy, length, "f",
                 &(struct config_reader){.settings = &settings, .program = tell, .report = report, .taken = take});
    free(copy);
    return settings;
}

static const struct program_name named = {"/usr/sbin/named", "/usr/sbin/named"};
static const struct program_name script = {"/usr/bin/perl5.36", "./fetch.pl"};
static const struct program_name applet = {"/bin/busybox", "/usr/bin/wget"};
static const struct program_name nameless = {NULL, NULL};

static bool is_for(const struct program_name *name, const char *patterns)
{
    char text[256];
    snprintf(text, sizeof text, "program %s\nprefer ipv6\n", patterns);
    enum prefer prefer = parse_as(name, text).prefer;
    assert_string_equal(reported, "");
    assert_string_equal(taken, prefer == PREFER_IPV6 ? "2 prefer\n" : "");
    return prefer == PREFER_IPV6;
}

static void test_which_programs_a_line_is_for(void **state)
{
    (void)state;
    assert_true(is_for(&named, "named"));
    assert_true(is_for(&named, "ntpd named"));
    assert_true(is_for(&named, "\tntpd \t name? # and a comment"));
    assert_true(is_for(&named, "/usr/sbin/named"));
    assert_true(is_for(&named, "/usr/*"));
    assert_true(is_for(&named, "*/named"));
    assert_true(is_for(&named, "* !ntpd"));
    assert_true(is_for(&named, "!ntpd name*"));
    assert_false(is_for(&named, "name"));
    assert_false(is_for(&named, "sbin*"));
    assert_false(is_for(&named, "/usr/bin/named"));
    assert_false(is_for(&named, "* !named"));
    assert_false(is_for(&named, "!/usr/* *"));
    assert_false(is_for(&named, "ntpd"));
}

static void test_a_script_and_a_link_have_two_names(void **state)
{
    (void)state;
    assert_true(is_for(&script, "perl5.*"));
    assert_true(is_for(&script, "fetch.pl"));
    assert_true(is_for(&script, "/usr/bin/perl*"));
    assert_false(is_for(&script, "*/fetch.pl")); /* where it is isn't known */
    assert_false(is_for(&script, "perl* !fetch.pl"));
    assert_true(is_for(&applet, "wget"));
    assert_true(is_for(&applet, "/usr/bin/wget"));
    assert_true(is_for(&applet, "busybox"));
    assert_false(is_for(&applet, "busybox !wget"));
}

static void test_a_program_without_a_name_is_for_no_pattern(void **state)
{
    (void)state;
    assert_false(is_for(&nameless, "*"));
    assert_false(is_for(&nameless, "/*"));
}

static void test_blocks_follow_the_lines_for_all(void **state)
{
    (void)state;
    static const char text[] = "prefer ipv6\nlog info\n"
                               "program named\n  prefer ipv4\n"
                               "  alias-map 2001:db8::/32 = 198.18.0.0/15\n"
                               "program ntpd\nlog debug\nprefer policy\n"
                               "program *\naware yes\nalias-map 2001:db9::/32 = 198.51.100.0/24\n";
    struct settings settings = parse_as(&named, text);
    assert_string_equal(reported, "");
    assert_int_equal(settings.prefer, PREFER_IPV4);
    assert_int_equal(settings.log, LOG_LEVEL_INFO);
    assert_int_equal(settings.aware, AWARE_YES);
    assert_int_equal(settings.alias_map.count, 2);
    assert_string_equal(taken, "1 prefer\n2 log\n4 prefer\n5 alias-map\n10 aware\n11 alias-map\n");
    settings = parse_as(&script, text);
    assert_int_equal(settings.prefer, PREFER_IPV6);
    assert_int_equal(settings.alias_map.count, 1);
}

static void test_the_name_is_asked_for_at_a_program_line_alone(void **state)
{
    (void)state;
    parse_as(&named, "prefer ipv6\n# program named\nprogram [\nprogam x\n");
    assert_int_equal(asked, 0);
    parse_as(&named, "program named\n");
    assert_int_equal(asked, 1);
}

/* Each of these heads: it is complained of, and the lines below hold for nobody, up to a block that is understood. */
static void test_heads_that_are_not_understood(void **state)
{
    (void)state;
    static const char *const heads[][2] = {
        {"[named]", "2:1: expected a setting, or program NAME as the head of a block, found \"[named]\" (block)\n"},
        {"<Program named>",
         "2:1: expected a setting, or program NAME as the head of a block, found \"<Program\" (block)\n"},
        {"progam named", "2:1: no setting is called \"progam\" (did you mean program?) (block)\n"},
        {"Program named", "2:1: no setting is called \"Program\" (did you mean program?) (block)\n"},
        {"host named", "2:1: no setting is called \"host\" (see v6shim.conf(5)) (block)\n"},
        {"named {", "2:1: no setting is called \"named\" (see v6shim.conf(5)) (block)\n"},
        {"program", "2:8: expected the name of a program, its path, or a pattern for one, found nothing (block)\n"},
        {"program !named", "2:9: expected a pattern without ! as well (* stands for all programs) (block)\n"},
        {"program named !", "2:16: expected a pattern behind the ! (block)\n"},
        {"program named, ntpd", "2:14: expected a blank between patterns, found a comma (block)\n"},
        {"program \"named\"", "2:9: expected patterns without quotes (? stands for a blank) (block)\n"},
        {"program * [named", "2:11: this [ has no ] (block)\n"},
        {"program named\\", "2:14: expected a character behind the backslash (block)\n"},
        {"program sbin/named", "2:9: expected a path that begins with /, or a name without a slash (block)\n"},
        {"program /usr/sbin/",
         "2:18: expected the path of a program, not of a directory (end it with /*) (block)\n"}};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "log info\n%s\nprefer ipv6\naware yes\nprogram named\nlisten inet\n",
                 heads[i][0]);
        struct settings settings = parse_as(&named, text);
        assert_string_equal(reported, heads[i][1]);
        assert_string_equal(taken, "1 log\n6 listen\n");
        assert_int_equal(settings.prefer, PREFER_POLICY);
        assert_int_equal(settings.listen, LISTEN_INET);
    }
}

static void test_mistyped_settings_are_one_line(void **state)
{
    (void)state;
    struct settings settings = parse_as(&named, "program named\npreffer ipv6\nlog loud\nlisten inet\nlog \n");
    assert_string_equal(taken, "4 listen\n");
    assert_int_equal(settings.listen, LISTEN_INET);
    assert_string_equal(reported, "2:1: no setting is called \"preffer\" (did you mean prefer?)\n"
                                  "3:5: log: expected quiet, error, warning, info or debug, found \"loud\"\n"
                                  "5:4: log: expected quiet, error, warning, info or debug, found nothing\n");
}

static void test_values_for_other_programs_are_checked(void **state)
{
    (void)state;
    parse_as(&named, "program ntpd\nprefer ipv5\n[x]\naware maybe\n");
    assert_string_equal(taken, "");
    assert_string_equal(reported,
                        "2:8: prefer: expected policy, ipv6 or ipv4, found \"ipv5\"\n"
                        "3:1: expected a setting, or program NAME as the head of a block, found \"[x]\" (block)\n"
                        "4:7: aware: expected auto, yes or no, found \"maybe\"\n");
}

static void test_lines_too_long_for_a_head(void **state)
{
    (void)state;
    char text[CONFIG_LINE_LENGTH + 128] = "program ";
    memset(text + 8, 'x', CONFIG_LINE_LENGTH);
    strcpy(text + 8 + CONFIG_LINE_LENGTH, "\nprefer ipv6\n");
    parse_as(&named, text);
    assert_string_equal(taken, "");
    assert_string_equal(reported, "1:1025: the line is too long; expected at most 1024 bytes (block)\n");
    memcpy(text, "log-file /", 10); /* a setting, which is no head */
    parse_as(&named, text);
    assert_string_equal(taken, "2 prefer\n");
    memcpy(text, "  # any    ", 10); /* a comment, which is none */
    parse_as(&named, text);
    assert_string_equal(taken, "2 prefer\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_programs_a_line_is_for),
        cmocka_unit_test(test_a_script_and_a_link_have_two_names),
        cmocka_unit_test(test_a_program_without_a_name_is_for_no_pattern),
        cmocka_unit_test(test_blocks_follow_the_lines_for_all),
        cmocka_unit_test(test_the_name_is_asked_for_at_a_program_line_alone),
        cmocka_unit_test(test_heads_that_are_not_understood),
        cmocka_unit_test(test_mistyped_settings_are_one_line),
        cmocka_unit_test(test_values_for_other_programs_are_checked),
        cmocka_unit_test(test_lines_too_long_for_a_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
