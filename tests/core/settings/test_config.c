/* core/settings/config: files and variables, with the exact place and words of every complaint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/settings/config.h"

/* Everything that was reported, a line each: "source:line:column: message". */
static char reported[8192];

static void report(void *context, const struct config_problem *problem)
{
    assert_ptr_equal(context, reported);
    size_t used = strlen(reported);
    snprintf(reported + used, sizeof reported - used, "%s:%u:%u: %s\n", problem->source, problem->line,
             problem->column, problem->message);
}

/* Parses from an allocation of exactly that length. */
static struct settings parse_bytes(const char *bytes, size_t length)
{
    struct settings settings = {0};
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    reported[0] = '\0';
    config_defaults(&settings);
    config_parse(copy, length, "f",
                 &(struct config_reader){.settings = &settings, .report = report, .context = reported});
    free(copy);
    return settings;
}

static struct settings parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static struct settings set(const char *name, const char *value)
{
    struct settings settings = {0};
    reported[0] = '\0';
    config_defaults(&settings);
    config_set_variable(name, strlen(name), value,
                        &(struct config_reader){.settings = &settings, .report = report, .context = reported});
    return settings;
}

static void test_every_entry_of_the_list_is_sound(void **state)
{
    (void)state;
    size_t count;
    const struct setting *list = config_list(&count);
    struct settings settings = {0};
    config_defaults(&settings);
    for (size_t index = 0; index < count; index++) {
        const struct setting *setting = &list[index];
        char variable[SETTING_VARIABLE_SIZE];
        setting_variable(setting, variable);
        assert_int_equal(strlen(variable), strlen(setting->keyword) + strlen(SETTING_VARIABLE_PREFIX));
        assert_true(config_is_variable(variable, strlen(variable)));
        assert_ptr_equal(config_find(setting->keyword, strlen(setting->keyword)), setting);
        if (setting->kind == SETTING_CHOICE)
            assert_int_equal(setting->size, sizeof(unsigned));
        if (setting->kind == SETTING_MILLISECONDS)
            assert_int_equal(setting->size, sizeof(uint32_t));
        if (setting->kind == SETTING_TEXT || setting->kind == SETTING_PATH)
            assert_int_equal(setting->size, atoi(setting->constraint) + 1);
        if (setting->kind == SETTING_IPV4_POOL)
            assert_int_equal(setting->size, sizeof(struct ipv4_prefix));
        if (setting->kind == SETTING_PREFIX_MAP)
            assert_int_equal(setting->size, sizeof(struct prefix_map));
        assert_true(strlen(setting->keyword) > 0 && strlen(setting->keyword) < sizeof setting->keyword);
        assert_true(strlen(setting->constraint) < sizeof setting->constraint);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    struct settings settings = {0};
    config_defaults(&settings);
    assert_int_equal(settings.prefer, PREFER_POLICY);
    assert_int_equal(settings.families, FAMILIES_BOTH);
    assert_int_equal(settings.resolution_delay_ms, 50);
    assert_int_equal(settings.alias_pool.address.s_addr, inet_addr("240.64.0.0"));
    assert_int_equal(settings.alias_pool.length, 10);
    assert_string_equal(settings.alias_key, "");
    assert_string_equal(settings.state_dir, "");
    assert_int_equal(settings.aware, AWARE_AUTO);
    assert_int_equal(settings.log, LOG_LEVEL_WARNING);
    assert_string_equal(settings.log_file, "");
}

static void test_enumerators_stand_in_the_order_of_the_choices(void **state)
{
    (void)state;
    assert_int_equal(parse("prefer ipv6").prefer, PREFER_IPV6);
    assert_int_equal(parse("prefer ipv4").prefer, PREFER_IPV4);
    assert_int_equal(parse("families inet").families, FAMILIES_INET);
    assert_int_equal(parse("families inet6").families, FAMILIES_INET6);
    assert_int_equal(parse("aware yes").aware, AWARE_YES);
    assert_int_equal(parse("aware no").aware, AWARE_NO);
    assert_int_equal(parse("log quiet").log, LOG_LEVEL_QUIET);
    assert_int_equal(parse("log error").log, LOG_LEVEL_ERROR);
    assert_int_equal(parse("log info").log, LOG_LEVEL_INFO);
    assert_int_equal(parse("log debug").log, LOG_LEVEL_DEBUG);
    assert_string_equal(reported, "");
}

static void test_a_file_as_people_write_it(void **state)
{
    (void)state;
    struct settings settings = parse("\xef\xbb\xbf# settings of this host\r\n"
                                     "\r\n"
                                     "  \t\n"
                                     "prefer\t ipv6 \r\n"
                                     "  resolution-delay 0 # no waiting\n"
                                     "alias-key two  words#and a sign\t# and a comment\n"
                                     "state-dir /var/lib/a directory\n"
                                     "alias-pool 198.18.0.0/15");
    assert_string_equal(reported, "");
    assert_int_equal(settings.prefer, PREFER_IPV6);
    assert_int_equal(settings.resolution_delay_ms, 0);
    assert_string_equal(settings.alias_key, "two  words#and a sign");
    assert_string_equal(settings.state_dir, "/var/lib/a directory");
    assert_int_equal(settings.alias_pool.length, 15);
    parse("");
    parse("\n");
    parse("#");
    assert_string_equal(reported, "");
}

static void test_the_last_line_of_a_keyword_counts(void **state)
{
    (void)state;
    struct settings settings = parse("prefer ipv6\nprefer ipv4\nlog-file /a/long/one\nlog-file /b\n");
    assert_int_equal(settings.prefer, PREFER_IPV4);
    assert_string_equal(settings.log_file, "/b");
}

static void test_bad_values_are_reported_in_place_and_ignored(void **state)
{
    (void)state;
    struct settings settings = parse("prefer ipv6\n"
                                     "prefer ipv5\n"
                                     "\n"
                                     "  resolution-delay   10001\n"
                                     "resolution-delay 1 2\n"
                                     "aware\n"
                                     "log-file log # relative\n"
                                     "alias-pool 224.0.0.0/8\r\n");
    assert_string_equal(
        reported,
        "f:2:8: prefer: expected policy, ipv6 or ipv4, found \"ipv5\"\n"
        "f:4:22: resolution-delay: expected a whole number of milliseconds from 0 to 10000, found \"10001\"\n"
        "f:5:18: resolution-delay: expected a whole number of milliseconds from 0 to 10000, found \"1 2\"\n"
        "f:6:6: aware: expected auto, yes or no, found nothing\n"
        "f:7:10: log-file: expected an absolute path of 1 to 511 bytes, found \"log\"\n"
        "f:8:12: alias-pool: expected an IPv4 prefix of length 8 to 28, all other bits 0, outside 0.0.0.0/8, "
        "127.0.0.0/8, 224.0.0.0/4 and 255.0.0.0/8, found \"224.0.0.0/8\"\n");
    assert_int_equal(settings.prefer, PREFER_IPV6);
    assert_int_equal(settings.resolution_delay_ms, 50);
    assert_int_equal(settings.alias_pool.length, 10);
}

static void test_unknown_keywords_get_the_nearest_one(void **state)
{
    (void)state;
    parse("preffer ipv6\n colour blue\nlog_file /x\n\x1b[31m x\n");
    assert_string_equal(reported, "f:1:1: no setting is called \"preffer\" (did you mean prefer?)\n"
                                  "f:2:2: no setting is called \"colour\" (see v6shim.conf(5))\n"
                                  "f:3:1: no setting is called \"log_file\" (did you mean log-file?)\n"
                                  "f:4:1: no setting is called \"\\x1b[31m\" (see v6shim.conf(5))\n");
}

static void test_lines_that_are_no_text(void **state)
{
    (void)state;
    char file[2 * CONFIG_LINE_LENGTH + 64] = "prefer ipv6\n";
    size_t length = strlen(file);
    memset(file + length, 'x', CONFIG_LINE_LENGTH + 1);
    memcpy(file + length, "log-file /", 10);
    length += CONFIG_LINE_LENGTH + 1;
    memcpy(file + length, "\naware \0yes\nlog info", 20);
    length += 20;
    struct settings settings = parse_bytes(file, length);
    assert_string_equal(reported, "f:2:1025: the line is too long; expected at most 1024 bytes\n"
                                  "f:3:7: a NUL byte; expected text\n");
    assert_int_equal(settings.prefer, PREFER_IPV6);
    assert_int_equal(settings.aware, AWARE_AUTO);
    assert_int_equal(settings.log, LOG_LEVEL_INFO);

    memset(file, ' ', CONFIG_LINE_LENGTH - 8);
    memcpy(file + CONFIG_LINE_LENGTH - 8, "log info", 8);
    assert_int_equal(parse_bytes(file, CONFIG_LINE_LENGTH).log, LOG_LEVEL_INFO);
    assert_string_equal(reported, "");
}

static void test_paths_of_every_length(void **state)
{
    (void)state;
    char file[600];
    for (unsigned length = 505; length < 520; length++) {
        snprintf(file, sizeof file, "state-dir /%0*d", (int)length - 1, 7);
        struct settings settings = parse(file);
        assert_int_equal(strlen(settings.state_dir), length <= 511 ? length : 0);
        assert_int_equal(reported[0] == '\0', length <= 511);
    }
}

static void test_variables(void **state)
{
    (void)state;
    assert_int_equal(set("V6SHIM_PREFER", "ipv4").prefer, PREFER_IPV4);
    assert_int_equal(set("V6SHIM_RESOLUTION_DELAY", " 120\t").resolution_delay_ms, 120);
    assert_string_equal(set("V6SHIM_ALIAS_KEY", "a # b").alias_key, "a # b");
    assert_int_equal(set("V6SHIM_PREFER", "").prefer, PREFER_POLICY);
    assert_string_equal(reported, "");

    assert_int_equal(set("V6SHIM_RESOLUTION_DELAY", " soon").resolution_delay_ms, 50);
    assert_string_equal(reported, "V6SHIM_RESOLUTION_DELAY:0:2: resolution-delay: expected a whole number of "
                                  "milliseconds from 0 to 10000, found \"soon\"\n");
    set("V6SHIM_LOG", "  ");
    assert_string_equal(reported,
                        "V6SHIM_LOG:0:3: log: expected quiet, error, warning, info or debug, found nothing\n");
    set("V6SHIM_RESOLUTION_DELY", "1");
    assert_string_equal(reported, "V6SHIM_RESOLUTION_DELY:0:1: no setting has this variable (did you mean "
                                  "V6SHIM_RESOLUTION_DELAY?)\n");
    set("V6SHIM_\x1b", "1");
    assert_string_equal(reported, "V6SHIM_\\x1b:0:1: no setting has this variable (see v6shim.conf(5))\n");
    set("V6SHIM_prefer", "ipv6");
    assert_string_equal(reported, "V6SHIM_prefer:0:1: no setting has this variable (did you mean V6SHIM_PREFER?)\n");
}

static void test_a_bad_variable_leaves_what_the_file_says(void **state)
{
    (void)state;
    struct settings settings = parse("prefer ipv6\n");
    config_set_variable("V6SHIM_PREFER", strlen("V6SHIM_PREFER"), "ipv5",
                        &(struct config_reader){.settings = &settings});
    assert_int_equal(settings.prefer, PREFER_IPV6);
}

static void test_variables_that_are_no_settings(void **state)
{
    (void)state;
    static const char *const others[] = {
        "V6SHIM_CONF", "V6SHIM_LIBRARY", "V6SHIM_TRACE", "V6SHIM_", "V6SHIM", "PATH", "", "XV6SHIM_LOG"};
    for (size_t index = 0; index < sizeof others / sizeof others[0]; index++)
        assert_false(config_is_variable(others[index], strlen(others[index])));
    assert_true(config_is_variable("V6SHIM_CONFIG", strlen("V6SHIM_CONFIG")));
    assert_true(config_is_variable("V6SHIM_CON", strlen("V6SHIM_CON")));
    assert_true(config_is_variable("V6SHIM_TRACES", strlen("V6SHIM_TRACES")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_entry_of_the_list_is_sound),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_enumerators_stand_in_the_order_of_the_choices),
        cmocka_unit_test(test_a_file_as_people_write_it),
        cmocka_unit_test(test_the_last_line_of_a_keyword_counts),
        cmocka_unit_test(test_bad_values_are_reported_in_place_and_ignored),
        cmocka_unit_test(test_unknown_keywords_get_the_nearest_one),
        cmocka_unit_test(test_lines_that_are_no_text),
        cmocka_unit_test(test_paths_of_every_length),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_a_bad_variable_leaves_what_the_file_says),
        cmocka_unit_test(test_variables_that_are_no_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
