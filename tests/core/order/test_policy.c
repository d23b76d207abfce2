/* core/order/policy: the built-in tables, as RFC 6724, its update draft and glibc's gai.conf give them. */
#include "core/order/policy.h"

#include <arpa/inet.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "../parsed.h"

#define LINES_MAX 32

static const char *const names[] = {"system", "rfc6724", "rfc6724-update", "ula-first", "ipv4-first"};

/* An address of each class, and {precedence, label} under each of the names. */
static const struct {
    const char *address;
    struct {
        int precedence, label;
    } in[5];
} expected[] = {
    {"::1", {{50, 0}, {50, 0}, {50, 0}, {50, 0}, {50, 0}}},
    {"2001:db8::1", {{40, 1}, {40, 1}, {40, 1}, {40, 1}, {40, 1}}},
    {"64:ff9b::c000:221", {{40, 1}, {40, 1}, {40, 1}, {40, 1}, {40, 1}}},
    {"::2", {{20, 3}, {1, 3}, {1, 3}, {20, 3}, {20, 3}}},
    {"192.0.2.1", {{10, 4}, {35, 4}, {20, 4}, {10, 4}, {100, 4}}},
    {"::ffff:192.0.2.1", {{10, 4}, {35, 4}, {20, 4}, {10, 4}, {100, 4}}},
    {"2002:c633:6401::1", {{30, 2}, {30, 2}, {5, 2}, {30, 2}, {30, 2}}},
    {"2001::1", {{40, 7}, {5, 5}, {5, 5}, {40, 7}, {40, 7}}},
    {"fc00::1", {{40, 6}, {3, 13}, {30, 13}, {45, 1}, {40, 6}}},
    {"fd11:1111:1111::1", {{40, 6}, {3, 13}, {30, 13}, {45, 1}, {40, 6}}},
    {"fec0::1", {{40, 5}, {1, 11}, {1, 11}, {40, 5}, {40, 5}}},
    {"3ffe::1", {{40, 1}, {1, 12}, {1, 12}, {40, 1}, {40, 1}}},
    {"fe80::1", {{40, 1}, {40, 1}, {40, 1}, {40, 1}, {40, 1}}},
};

static void knows_the_built_in_tables(void **state)
{
    (void)state;
    for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
        struct policy policy;
        policy_builtin(&policy, (enum policy_builtin)name, NULL, 0);
        assert_false(policy.reload);
        for (size_t row = 0; row < sizeof expected / sizeof expected[0]; row++) {
            struct ip_address asked = parsed(expected[row].address);
            if (policy_precedence(&policy, &asked) != expected[row].in[name].precedence ||
                policy_label(&policy, &asked) != expected[row].in[name].label)
                fail_msg("%s, %s: precedence %d, label %d", names[name], expected[row].address,
                         policy_precedence(&policy, &asked), policy_label(&policy, &asked));
        }
    }
}

static void knows_which_rules_go_with_a_table(void **state)
{
    (void)state;
    static const enum policy_rules rules[] = {POLICY_RULES_GLIBC, POLICY_RULES_RFC6724, POLICY_RULES_RFC6724,
                                              POLICY_RULES_GLIBC, POLICY_RULES_GLIBC};
    struct policy policy;
    for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
        policy_builtin(&policy, (enum policy_builtin)name, NULL, 0);
        assert_int_equal(policy.rules, rules[name]);
    }
}

static void lifts_known_local_prefixes(void **state)
{
    (void)state;
    struct policy policy;
    struct ip_address local[] = {parsed("fd11:1111:1111:1::1"), parsed("2001:db8::1"), parsed("10.0.0.1"),
                                 parsed("fd11:1111:1111:2::1"), parsed("fd22:2222:2222::9")};
    struct ip_address same_site = parsed("fd11:1111:1111:9::9"), other = parsed("fd11:1111:1112::1"),
                      second = parsed("fd22:2222:2222:7::1"), global = parsed("2001:db8::1");
    policy_builtin(&policy, POLICY_RFC6724_UPDATE, local, 5);
    assert_int_equal(policy_precedence(&policy, &same_site), 45);
    assert_int_equal(policy_label(&policy, &same_site), 14);
    assert_int_equal(policy_precedence(&policy, &second), 45);
    assert_int_equal(policy_precedence(&policy, &other), 30);
    assert_int_equal(policy_label(&policy, &other), 13);
    assert_int_equal(policy_precedence(&policy, &global), 40);
    assert_int_equal(policy.labels.count, 9 + 2);

    policy_builtin(&policy, POLICY_RFC6724_UPDATE, local, 1);
    assert_int_equal(policy_precedence(&policy, &same_site), 45);
    assert_int_equal(policy_precedence(&policy, &second), 30);
    policy_builtin(&policy, POLICY_RFC6724, local, 5);
    assert_int_equal(policy_precedence(&policy, &same_site), 3);
}

static void survives_too_many_known_local_prefixes(void **state)
{
    (void)state;
    struct policy policy;
    struct ip_address local[2 * POLICY_ROWS_MAX];
    for (unsigned index = 0; index < 2 * POLICY_ROWS_MAX; index++) {
        local[index] = parsed("fd00::1");
        local[index].ipv6.s6_addr[5] = (uint8_t)index;
    }
    policy_builtin(&policy, POLICY_RFC6724_UPDATE, local, 2 * POLICY_ROWS_MAX);
    struct ip_address loopback = parsed("::1"), anything = parsed("2001:db8::1");
    assert_int_equal(policy.labels.count, POLICY_ROWS_MAX);
    assert_int_equal(policy_label(&policy, &loopback), 0);
    assert_int_equal(policy_label(&policy, &anything), 1);
}

static void knows_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        int scope;
    } cases[] = {
        {"127.0.0.1", 2},     {"127.9.9.9", 2}, {"169.254.13.78", 2}, {"10.1.2.3", 14},    {"192.168.1.1", 14},
        {"100.64.0.1", 14},   {"8.8.8.8", 14},  {"224.0.0.1", 14},    {"::1", 2},          {"fe80::1", 2},
        {"febf::1", 2},       {"fec0::1", 5},   {"fd00::1", 14},      {"2001:db8::1", 14}, {"ff01::1", 1},
        {"ff02::1", 2},       {"ff05::2", 5},   {"ff08::1", 8},       {"ff0e::1", 14},     {"ff3e::1", 14},
        {"2002:c000::1", 14}, {"::", 14},
    };
    struct policy policy;
    policy_builtin(&policy, POLICY_SYSTEM, NULL, 0);
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct ip_address asked = parsed(cases[index].address);
        if (policy_scope(&policy, &asked) != cases[index].scope)
            fail_msg("%s has scope %d", cases[index].address, policy_scope(&policy, &asked));
    }
    struct ip_address mapped = parsed("::ffff:127.0.0.1");
    assert_int_equal(policy_scope(&policy, &mapped), 14);
    policy_builtin(&policy, POLICY_RFC6724, NULL, 0);
    assert_int_equal(policy_scope(&policy, &mapped), 2);
}

static void gives_no_address_a_place_at_the_end(void **state)
{
    (void)state;
    struct policy policy;
    struct ip_address nothing = {.family = AF_UNSPEC};
    policy_builtin(&policy, POLICY_SYSTEM, NULL, 0);
    assert_null(policy_table_match(&policy.labels, &nothing));
    assert_int_equal(policy_label(&policy, &nothing), INT_MAX);
    assert_int_equal(policy_precedence(&policy, &nothing), 0);
}

/* -1 where no line matched. */
static int value_of(const struct policy_row *row)
{
    return row == NULL ? -1 : row->value;
}

static void matches_the_longest_prefix(void **state)
{
    (void)state;
    struct policy_table table = {.count = 0};
    struct ip_address site = parsed("2001:db8:5:1::"), network = parsed("2001:db8::"),
                      host = parsed("2001:db8:5:1::7");
    struct ip_address odd = parsed("2001:db8:7fff::");
    assert_true(policy_table_add(&table, &network.ipv6, 32, 32));
    assert_true(policy_table_add(&table, &host.ipv6, 128, 128));
    assert_true(policy_table_add(&table, &site.ipv6, 64, 64));
    assert_true(policy_table_add(&table, &odd.ipv6, 33, 33));  /* 2001:db8:0000::/33: its later bits do not count */
    assert_true(policy_table_add(&table, &site.ipv6, 64, 99)); /* the first of two counts */
    assert_false(policy_table_add(&table, &site.ipv6, 129, 0));
    static const struct {
        const char *address;
        int value;
    } cases[] = {{"2001:db8:5:1::7", 128}, {"2001:db8:5:1::8", 64}, {"2001:db8:5:2::", 33}, {"2001:db8:8000::", 32}};
    for (size_t index = 0; index < 4; index++) {
        struct ip_address asked = parsed(cases[index].address);
        assert_int_equal(value_of(policy_table_match(&table, &asked)), cases[index].value);
    }
    struct ip_address outside = parsed("2001:db9::1");
    assert_null(policy_table_match(&table, &outside));
    assert_int_equal(value_of(policy_table_cover(&table, &host.ipv6, 63)), 33);
    while (table.count < POLICY_ROWS_MAX)
        assert_true(policy_table_add(&table, &in6addr_any, 0, 0));
    assert_false(policy_table_add(&table, &in6addr_any, 0, 0));
}

static void prints_as_lines(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        unsigned length;
        int precedence, label;
        bool own_precedence;
    } lines[] = {
        {"::1", 128, 50, 0, true},    {"::", 0, 40, 1, true},
        {"2001::", 32, 40, 7, false}, {"fec0::", 10, 40, 5, false},
        {"fc00::", 7, 40, 6, false},  {"2002::", 16, 30, 2, true},
        {"::", 96, 20, 3, true},      {"::ffff:0.0.0.0", 96, 10, 4, true},
    };
    struct policy policy;
    struct policy_line got[LINES_MAX];
    policy_builtin(&policy, POLICY_SYSTEM, NULL, 0);
    assert_int_equal(policy_lines(&policy, got, LINES_MAX), 8);
    for (size_t index = 0; index < 8; index++) {
        struct ip_address prefix = parsed(lines[index].prefix);
        assert_true(address_equal(&got[index].prefix, &prefix));
        assert_int_equal(got[index].length, lines[index].length);
        assert_int_equal(got[index].precedence, lines[index].precedence);
        assert_int_equal(got[index].label, lines[index].label);
        assert_int_equal(got[index].own_precedence, lines[index].own_precedence);
        assert_true(got[index].own_label);
    }
    assert_int_equal(policy_lines(&policy, got, 3), 3);
    policy_builtin(&policy, POLICY_RFC6724, NULL, 0);
    assert_int_equal(policy_lines(&policy, got, LINES_MAX), 9);
    struct ip_address office = parsed("2001:db8::");
    assert_true(policy_table_add(&policy.precedences, &office.ipv6, 32, 99));
    assert_int_equal(policy_lines(&policy, got, LINES_MAX), 10);
    assert_int_equal(got[0].precedence, 99);
    assert_int_equal(got[0].label, 1);
    assert_false(got[0].own_label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_built_in_tables),
        cmocka_unit_test(knows_which_rules_go_with_a_table),
        cmocka_unit_test(lifts_known_local_prefixes),
        cmocka_unit_test(survives_too_many_known_local_prefixes),
        cmocka_unit_test(knows_scopes),
        cmocka_unit_test(gives_no_address_a_place_at_the_end),
        cmocka_unit_test(matches_the_longest_prefix),
        cmocka_unit_test(prints_as_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
