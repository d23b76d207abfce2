/* core/order/gai_conf: what glibc makes of a gai.conf, and what is said about its bad lines. */
#include "core/order/gai_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../parsed.h"

#define TEXT_SIZE 8192

/* The last problem reported, and how many there were. */
struct seen {
    struct gai_conf_problem problem;
    char found[64];
    unsigned count;
};

static void remember(const struct gai_conf_problem *problem, void *context)
{
    struct seen *seen = context;
    seen->problem = *problem;
    assert_true(problem->found_length < sizeof seen->found);
    memcpy(seen->found, problem->found, problem->found_length);
    seen->found[problem->found_length] = '\0';
    seen->count++;
}

static struct policy read_text(const char *text, struct seen *seen)
{
    struct policy policy;
    memset(seen, 0, sizeof *seen);
    errno = ERANGE;
    size_t problems = gai_conf_parse(&policy, text, strlen(text), remember, seen);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(problems, seen->count);
    return policy;
}

static int precedence(const struct policy *policy, const char *text)
{
    struct ip_address asked = parsed(text);
    return policy_precedence(policy, &asked);
}

static int label(const struct policy *policy, const char *text)
{
    struct ip_address asked = parsed(text);
    return policy_label(policy, &asked);
}

static int scope(const struct policy *policy, const char *text)
{
    struct ip_address asked = parsed(text);
    return policy_scope(policy, &asked);
}

static void assert_same_table(const struct policy_table *left, const struct policy_table *right)
{
    assert_int_equal(left->count, right->count);
    for (size_t row = 0; row < left->count; row++) {
        assert_memory_equal(&left->rows[row].prefix, &right->rows[row].prefix, sizeof left->rows[row].prefix);
        assert_int_equal(left->rows[row].length, right->rows[row].length);
        assert_int_equal(left->rows[row].value, right->rows[row].value);
    }
}

static void takes_an_empty_file_as_the_system_s_table(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only\n#a\n  # comment", " \t\r\n\n"};
    struct policy system;
    policy_builtin(&system, POLICY_SYSTEM, NULL, 0);
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct seen seen;
        struct policy policy = read_text(texts[index], &seen);
        assert_int_equal(seen.count, 0);
        assert_same_table(&policy.labels, &system.labels);
        assert_same_table(&policy.precedences, &system.precedences);
        assert_same_table(&policy.scopes, &system.scopes);
    }
}

static void replaces_the_tables_that_it_has_rows_for(void **state)
{
    (void)state;
    struct seen seen;
    struct policy policy = read_text("precedence ::1/128 50\n"
                                     "precedence\t::ffff:0:0/96   100 # IPv4 first\r\n",
                                     &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(precedence(&policy, "192.0.2.1"), 100);
    assert_int_equal(precedence(&policy, "2001:db8::1"), 40); /* the row that was missing */
    assert_int_equal(precedence(&policy, "2002::1"), 40);
    assert_int_equal(label(&policy, "fc00::1"), 6); /* labels are glibc's still */
    assert_int_equal(policy.precedences.count, 3);

    policy = read_text("label 2001:db8::/32 7\nscopev4 10.0.0.0/8 5\nscopev4 ::ffff:192.168.0.0/112 3\n", &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(label(&policy, "2001:db8::1"), 7);
    assert_int_equal(label(&policy, "::1"), 1);
    assert_int_equal(precedence(&policy, "::1"), 50);
    assert_int_equal(scope(&policy, "10.1.2.3"), 5);
    assert_int_equal(scope(&policy, "192.168.1.1"), 3);
    assert_int_equal(scope(&policy, "127.0.0.1"), 14); /* that table was replaced too */

    policy = read_text("precedence ::/0 7\nlabel ::/0 8\nscopev4 0.0.0.0/0 9\n", &seen);
    assert_int_equal(seen.count, 0);
    assert_int_equal(precedence(&policy, "2001:db8::1"), 7);
    assert_int_equal(label(&policy, "2001:db8::1"), 8);
    assert_int_equal(scope(&policy, "127.0.0.1"), 9);
    assert_int_equal(policy.precedences.count, 1);
    assert_int_equal(policy.scopes.count, 1);
}

static void reads_reload(void **state)
{
    (void)state;
    struct seen seen;
    assert_true(read_text("reload yes", &seen).reload);
    assert_int_equal(seen.count, 0);
    assert_false(read_text("reload yes\nreload no\n", &seen).reload);
    assert_int_equal(seen.count, 0);
    assert_false(read_text("reload YES\n", &seen).reload);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.problem.column, 8);
}

static void reads_administrators_own_table(void **state)
{
    (void)state;
    struct policy built_in;
    struct seen seen;
    struct policy policy = read_text("precedence ::1/128 50\nprecedence fc00::/7 45\nprecedence ::/0 40\n"
                                     "precedence 2002::/16 30\nprecedence ::/96 20\nprecedence ::ffff:0:0/96 10\n"
                                     "label ::1/128 0\nlabel ::/0 1\nlabel fc00::/7 1\nlabel 2002::/16 2\n"
                                     "label ::/96 3\nlabel ::ffff:0:0/96 4\nlabel fec0::/10 5\nlabel 2001:0::/32 7\n",
                                     &seen);
    static const char *const addresses[] = {"::1", "fd00::1", "2001:db8::1", "2002::1", "::5", "1.2.3.4", "2001::1"};
    assert_int_equal(seen.count, 0);
    policy_builtin(&built_in, POLICY_ULA_FIRST, NULL, 0);
    for (size_t index = 0; index < sizeof addresses / sizeof addresses[0]; index++) {
        assert_int_equal(precedence(&policy, addresses[index]), precedence(&built_in, addresses[index]));
        assert_int_equal(label(&policy, addresses[index]), label(&built_in, addresses[index]));
    }
}

/* One problem each: where, what was found there, the beginning of what was expected, and whether the line counts. */
static const struct {
    const char *text;
    unsigned line, column;
    const char *found, *expected;
    bool applied;
} bad_lines[] = {
    {"lable ::/0 1", 1, 1, "lable", "label, precedence", false},
    {"# c\n\n  Label ::/0 1", 3, 3, "Label", "label, precedence", false},
    {"label", 1, 6, "", "an IPv6 prefix", false},
    {"label 192.0.2.0/24 4", 1, 7, "192.0.2.0/24", "an IPv6 prefix", false},
    {"label 2001:db8::g/32 4", 1, 7, "2001:db8::g/32", "an IPv6 prefix", false},
    {"label fe80::1%eth0/64 4", 1, 7, "fe80::1%eth0/64", "an IPv6 prefix", false},
    {"label 2001:db8::/129 4", 1, 18, "129", "a prefix length from 0 to 128", false},
    {"label 2001:db8::/3x 4", 1, 18, "3x", "a prefix length", false},
    {"label 2001:db8::/-1 4", 1, 18, "-1", "a prefix length", false},
    {"label 2001:db8::/32/1 4", 1, 18, "32/1", "a prefix length", false},
    {"label 2001:db8::/99999999999999999999 4", 1, 18, "99999999999999999999", "a prefix length", false},
    {"label 2001:db8::/129 x", 1, 18, "129", "a prefix length", false},
    {"precedence 2001:db8::/32 +", 1, 26, "+", "a number from 0", false},
    {"precedence 2001:db8::/32 2147483648", 1, 26, "2147483648", "a number from 0", false},
    {"precedence 2001:db8::/32 0x10", 1, 26, "0x10", "a number from 0", false},
    {"precedence 2001:db8::/32 -5 junk", 1, 26, "-5", "a number from 0", false},
    {"scopev4 2001:db8::/32 4", 1, 9, "2001:db8::/32", "an IPv4 prefix", false},
    {"scopev4 ::ffff:10.0.0.0/95 4", 1, 25, "95", "a prefix length from 96", false},
    {"scopev4 ::ffff:10.0.0.0/ 4", 1, 25, "", "a prefix length from 96", false},
    {"scopev4 10.0.0.0/33 4", 1, 18, "33", "a prefix length from 0 to 32", false},
    {"scopev4 10.0.0/8 4", 1, 9, "10.0.0/8", "an IPv4 prefix", false},
    {"label ::/0 1\nlabel 2001:db8::/32 1\nlabel 2001:db8:ffff::/32 2", 3, 7, "2001:db8:ffff::/32", "a prefix that",
     false},
    /* These count, as they do for glibc. */
    {"precedence 2001:db8::/32", 1, 25, "", "a number from 0", true},
    {"label 2001:db8::/ 4", 1, 18, "", "a prefix length", true},
    {"label 2001:db8::1 4", 1, 7, "2001:db8::1", "\"/length\"", true},
    {"scopev4 10.0.0.1 4", 1, 9, "10.0.0.1", "\"/length\"", true},
    {"label 2001:db8::/32 4 and more", 1, 23, "and", "the end of the line", true},
    {"reload maybe", 1, 8, "maybe", "yes or no", true},
    {"reload", 1, 7, "", "yes or no", true},
    /* The fault that voids the line is named before the one that does not. */
    {"label 2001:db8::1 x", 1, 19, "x", "a number from 0", false},
};

static void reports_bad_lines(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof bad_lines / sizeof bad_lines[0]; index++) {
        struct seen seen;
        read_text(bad_lines[index].text, &seen);
        if (seen.count != 1 || seen.problem.line != bad_lines[index].line ||
            seen.problem.column != bad_lines[index].column || strcmp(seen.found, bad_lines[index].found) != 0 ||
            strncmp(seen.problem.expected, bad_lines[index].expected, strlen(bad_lines[index].expected)) != 0 ||
            seen.problem.applied != bad_lines[index].applied)
            fail_msg("\"%s\": %u problems, line %u, column %u, expected %s, found \"%s\"%s", bad_lines[index].text,
                     seen.count, seen.problem.line, seen.problem.column, seen.problem.expected, seen.found,
                     seen.problem.applied ? ", applied" : "");
    }
}

static void applies_or_leaves_out_as_reported(void **state)
{
    (void)state;
    struct seen seen;
    struct policy policy = read_text("precedence 2001:db8::/32\nprecedence ::/ 41\nprecedence ::ffff:10.9.9.9 77\n"
                                     "precedence fd00::/8 9x\nprecedence +1::/16 3\nprecedence fe80::/+10 +33 x\n"
                                     "precedence 2001:db8::/32 66",
                                     &seen);
    assert_int_equal(seen.count, 7);
    assert_int_equal(precedence(&policy, "2001:db8::1"), 0);
    assert_int_equal(precedence(&policy, "2001:db9::1"), 41);
    assert_int_equal(precedence(&policy, "10.9.9.9"), 77);
    assert_int_equal(precedence(&policy, "10.9.9.8"), 41);
    assert_int_equal(precedence(&policy, "fd00::1"), 41);
    assert_int_equal(precedence(&policy, "fe80::1"), 33);
    assert_int_equal(policy.precedences.count, 4);
}

static void stops_a_line_at_a_nul_byte(void **state)
{
    (void)state;
    static const char text[] = "precedence ::/0 5\0 9\nlabel ::/0 3\n";
    struct policy policy;
    assert_int_equal(gai_conf_parse(&policy, text, sizeof text - 1, NULL, NULL), 0);
    assert_int_equal(precedence(&policy, "2001:db8::1"), 5);
    assert_int_equal(label(&policy, "2001:db8::1"), 3);
}

static void reports_rows_for_which_there_is_no_room(void **state)
{
    (void)state;
    char text[TEXT_SIZE] = "";
    size_t length = 0;
    struct seen seen;
    for (unsigned row = 0; row < POLICY_ROWS_MAX; row++)
        length += (size_t)snprintf(text + length, sizeof text - length, "precedence 2001:db8:%x::/48 %u\n", row, row);
    struct policy policy = read_text(text, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.problem.line, POLICY_ROWS_MAX);
    assert_false(seen.problem.applied);
    assert_int_equal(precedence(&policy, "2001:db8:3e::1"), 62);
    assert_int_equal(precedence(&policy, "2001:db8:3f::1"), 40);
}

static struct policy read_table(const char *text, struct seen *seen)
{
    struct policy policy;
    memset(seen, 0, sizeof *seen);
    size_t problems = gai_conf_parse_table(&policy, text, strlen(text), remember, seen);
    assert_int_equal(problems, seen->count);
    return policy;
}

/* As `v6shim policy`, RFC 6724 and netsh show it; glibc's own lines may stand beside. */
static void takes_a_table_in_three_columns(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "PREFIX                    PRECEDENCE  LABEL\n::1/128  50  0\n::/0  40  1\n::ffff:0:0/96  45  4\n",
        "Prefix        Precedence Label\n::1/128 50 0\n::/0 40 1 # all\n\n::ffff:0:0/96 45 4",
        "Precedence  Label  Prefix\r\n---  ---  ---\r\n 50 0 ::1/128\r\n 40 1 ::/0\r\n 45 4 ::ffff:0:0/96\r\n",
        "::1/128 50 0\n::/0 40 1\nlabel ::ffff:0:0/96 4\nprecedence ::ffff:0:0/96 45\n"};
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct seen seen;
        struct policy policy = read_table(texts[index], &seen);
        assert_int_equal(seen.count, 0);
        assert_int_equal(policy.precedences.count, 3);
        assert_int_equal(policy.labels.count, 3);
        assert_int_equal(precedence(&policy, "::1"), 50);
        assert_int_equal(label(&policy, "::1"), 0);
        assert_int_equal(precedence(&policy, "192.0.2.1"), 45);
        assert_int_equal(label(&policy, "192.0.2.1"), 4);
    }
}

static void reports_bad_rows_of_a_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned column;
        const char *expected, *found;
    } bad[] = {
        {"::/0 40", 8, "a prefix, its precedence and its label", ""},
        {"::/0 x 1", 6, "a number from 0 to 2147483647", "x"},
        {"40 1 ::/129", 9, "a prefix length from 0 to 128", "129"},
        {"::/0 40 1 2", 11, "the end of the line (what follows is passed over)", "2"},
        {"192.0.2.0/24 1 2", 1, "an IPv6 prefix such as 2001:db8::/32 (for IPv4: ::ffff:0:0/96)", "192.0.2.0/24"},
        {"colour blue", 1, "label, precedence, scopev4, reload, or a row of a table", "colour"}};
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
        struct seen seen;
        read_table(bad[index].text, &seen);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.problem.column, bad[index].column);
        assert_string_equal(seen.problem.expected, bad[index].expected);
        assert_string_equal(seen.found, bad[index].found);
    }
    struct seen seen; /* libc's own file has none */
    read_text("::/0 40 1", &seen);
    assert_int_equal(seen.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_table_in_three_columns),
        cmocka_unit_test(reports_bad_rows_of_a_table),
        cmocka_unit_test(takes_an_empty_file_as_the_system_s_table),
        cmocka_unit_test(replaces_the_tables_that_it_has_rows_for),
        cmocka_unit_test(reads_reload),
        cmocka_unit_test(reads_administrators_own_table),
        cmocka_unit_test(reports_bad_lines),
        cmocka_unit_test(applies_or_leaves_out_as_reported),
        cmocka_unit_test(stops_a_line_at_a_nul_byte),
        cmocka_unit_test(reports_rows_for_which_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
