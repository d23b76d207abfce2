/* core/order/selection: the examples of RFC 6724 section 10 and others, in every order, and where glibc differs. */
#include "core/order/selection.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "../parsed.h"
#include "../random.h"

#define CANDIDATES_MAX 6
#define IPV4_PREFIX    24
#define IPV6_PREFIX    64
#define RANDOM_SETS    5000
#define RANDOM_COUNT   40

/* A destination and the source that the kernel would take for it; NULL: no route. */
struct way {
    const char *destination, *source;
    enum { PLAIN = 0, DEPRECATED = 1, HOME = 2, TUNNEL = 4 } flags;
};

static struct selection_candidate candidate(const struct way *way)
{
    struct selection_candidate made = {.destination = parsed(way->destination), .has_source = way->source != NULL};
    if (made.has_source) {
        made.source = parsed(way->source);
        made.source_prefix_length = made.source.family == AF_INET ? IPV4_PREFIX : IPV6_PREFIX;
    }
    made.source_deprecated = way->flags & DEPRECATED;
    made.source_home = way->flags & HOME;
    made.tunnel = way->flags & TUNNEL;
    return made;
}

/* Ways in the order expected, and the rule that puts the second behind the first. `rows` are added to the tables. */
struct vector {
    const char *name;
    enum policy_builtin policy;
    struct {
        const char *prefix;
        unsigned length;
        int precedence, label;
    } rows[2];
    struct way first, second;
    enum selection_rule rule;
};

#define RFC       POLICY_RFC6724
#define UPDATE    POLICY_RFC6724_UPDATE
#define SYSTEM    POLICY_SYSTEM
#define ULA_FIRST POLICY_ULA_FIRST
#define NO_ROWS           \
    {                     \
        {                 \
            NULL, 0, 0, 0 \
        }                 \
    }
#define P "2001:db8:"
#define F "fd11:1111:1111:"
#define Z "2002:c633:6401:"

static const struct vector vectors[] = {
    {"10.2, 1", RFC, NO_ROWS, {P "1::1", P "1::2", PLAIN}, {"198.51.100.121", "169.254.13.78", PLAIN}, 2},
    {"10.2, 2", RFC, NO_ROWS, {"198.51.100.121", "198.51.100.117", PLAIN}, {P "1::1", "fe80::1", PLAIN}, 2},
    {"10.2, 3", RFC, NO_ROWS, {P "1::1", P "1::2", PLAIN}, {"10.1.2.3", "10.1.2.4", PLAIN}, 6},
    {"10.2, 4", RFC, NO_ROWS, {"fe80::1", "fe80::2", PLAIN}, {P "1::1", P "1::2", PLAIN}, 8},
    {"10.2, 5", RFC, NO_ROWS, {P "1::1", P "3::1", HOME}, {"fe80::1", "fe80::2", PLAIN}, 4},
    {"10.2, 6", RFC, NO_ROWS, {P "1::1", P "1::2", PLAIN}, {"fe80::1", "fe80::2", DEPRECATED}, 3},
    {"10.2, 7", RFC, NO_ROWS, {P "1::1", P "1::2", PLAIN}, {P "3ffe::1", P "3f44::2", PLAIN}, 9},
    {"10.2, 8", RFC, NO_ROWS, {Z ":1", Z ":2", PLAIN}, {P "1::1", Z ":2", PLAIN}, 5},
    {"10.2, 9", RFC, NO_ROWS, {P "1::1", P "1::2", PLAIN}, {Z ":1", Z ":2", PLAIN}, 6},
    {"10.3, 1",
     RFC,
     {{"::ffff:0:0", 96, 100, 4}},
     {P "1::1", P "1::2", PLAIN},
     {"198.51.100.121", "169.254.13.78", PLAIN},
     2},
    {"10.3, 2",
     RFC,
     {{"::ffff:0:0", 96, 100, 4}},
     {"198.51.100.121", "198.51.100.117", PLAIN},
     {P "1::1", "fe80::1", PLAIN},
     2},
    {"10.3, 3", RFC, {{"::ffff:0:0", 96, 100, 4}}, {"10.1.2.3", "10.1.2.4", PLAIN}, {P "1::1", P "1::2", PLAIN}, 6},
    {"10.4, 1", RFC, {{"fe80::", 10, 33, 1}}, {P ":1", P ":2", PLAIN}, {"fe80::1", "fe80::2", PLAIN}, 6},
    {"10.4, 2", RFC, {{"fe80::", 10, 33, 1}}, {"fe80::1", "fe80::2", PLAIN}, {P ":1", P ":2", DEPRECATED}, 3},
    {"10.5, a", RFC, NO_ROWS, {P "70bb::b", P "70aa::a", PLAIN}, {P "1bbb::b", P "1aaa::a", PLAIN}, 9},
    {"10.5, a, system", SYSTEM, NO_ROWS, {P "70bb::b", P "70aa::a", PLAIN}, {P "1bbb::b", P "1aaa::a", PLAIN}, 9},
    {"10.5, b", RFC, NO_ROWS, {P "1ccc::c", P "1aaa::a", PLAIN}, {P "6ccc::c", P "70aa::a", PLAIN}, 9},
    {"10.5, c1",
     RFC,
     {{P "1aaa::", 48, 43, 6}, {P "1bbb::", 48, 43, 6}},
     {P "1bbb::b", P "1aaa::a", PLAIN},
     {P "70bb::b", P "70aa::a", PLAIN},
     6},
    {"10.5, c2",
     RFC,
     {{P "1aaa::", 48, 43, 6}, {P "1bbb::", 48, 43, 6}},
     {P "6ccc::c", P "70aa::a", PLAIN},
     {P "1ccc::c", P "70aa::a", PLAIN},
     9},
    {"10.6, a", RFC, NO_ROWS, {P "2::2", P "1::1", PLAIN}, {"fd22:2222:2222:2::2", F "1::1", PLAIN}, 6},
    {"10.6, b", RFC, {{"fd11:1111:1111::", 48, 45, 14}}, {F "2::2", F "1::1", PLAIN}, {P "2::2", P "1::1", PLAIN}, 6},
    {"10.7", RFC, NO_ROWS, {"203.0.113.1", "10.1.2.3", PLAIN}, {P "1::1", Z ":2", PLAIN}, 5},
    {"ula, rfc", RFC, NO_ROWS, {"10.1.2.3", "10.1.2.4", PLAIN}, {F "2::2", F "1::1", PLAIN}, 6},
    {"ula, update", UPDATE, NO_ROWS, {F "2::2", F "1::1", PLAIN}, {"10.1.2.3", "10.1.2.4", PLAIN}, 6},
    {"ula, first", ULA_FIRST, NO_ROWS, {F "2::2", F "1::1", PLAIN}, {"10.1.2.3", "10.1.2.4", PLAIN}, 6},
    {"ula, system", SYSTEM, NO_ROWS, {F "2::2", F "1::1", PLAIN}, {"10.1.2.3", "10.1.2.4", PLAIN}, 6},
    {"ula over global", ULA_FIRST, NO_ROWS, {F "2::2", F "1::1", PLAIN}, {P "2::2", P "1::1", PLAIN}, 6},
    {"ipv4 first", POLICY_IPV4_FIRST, NO_ROWS, {"10.1.2.3", "10.1.2.4", PLAIN}, {P "2::2", P "1::1", PLAIN}, 6},
    {"nat64", RFC, NO_ROWS, {"64:ff9b::c000:221", P "1::2", PLAIN}, {"192.0.2.33", "10.1.2.4", PLAIN}, 6},
    {"no route", RFC, NO_ROWS, {"10.1.2.3", "10.1.2.4", PLAIN}, {P "2::2", NULL, PLAIN}, 1},
    {"no route, system", SYSTEM, NO_ROWS, {"10.1.2.3", "10.1.2.4", PLAIN}, {P "2::2", NULL, PLAIN}, 1},
    {"no route at all", SYSTEM, NO_ROWS, {P "2::2", NULL, PLAIN}, {"10.1.2.3", NULL, PLAIN}, 6},
    {"no route, scopes", SYSTEM, NO_ROWS, {"fe80::1", NULL, PLAIN}, {P "2::2", NULL, DEPRECATED}, 8},
    {"native", RFC, NO_ROWS, {P "2::2", P "2::1", PLAIN}, {P "1::2", P "1::1", TUNNEL}, 7},
    {"native, system", SYSTEM, NO_ROWS, {P "8000::2", P "1::1", PLAIN}, {P "1::2", P "1::1", TUNNEL}, 7},
};

static struct policy policy_of(const struct vector *vector)
{
    struct policy policy;
    policy_builtin(&policy, vector->policy, NULL, 0);
    for (size_t index = 0; index < 2 && vector->rows[index].prefix != NULL; index++) {
        /* A row for a prefix that is there already takes its place. */
        struct ip_address prefix = parsed(vector->rows[index].prefix);
        struct policy_table old = policy.precedences;
        policy.precedences.count = 0;
        assert_true(policy_table_add(&policy.precedences, &prefix.ipv6, vector->rows[index].length,
                                     vector->rows[index].precedence));
        for (size_t row = 0; row < old.count; row++)
            policy_table_add(&policy.precedences, &old.rows[row].prefix, old.rows[row].length, old.rows[row].value);
        assert_true(
            policy_table_add(&policy.labels, &prefix.ipv6, vector->rows[index].length, vector->rows[index].label));
    }
    return policy;
}

static void orders_every_vector_both_ways(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof vectors / sizeof vectors[0]; index++) {
        struct policy policy = policy_of(&vectors[index]);
        for (unsigned reversed = 0; reversed < 2; reversed++) {
            struct selection_candidate candidates[2];
            struct selection_place places[2];
            candidates[reversed] = candidate(&vectors[index].first);
            candidates[!reversed] = candidate(&vectors[index].second);
            selection_sort(&policy, candidates, 2, places);
            if (places[0].index != reversed || places[1].rule != vectors[index].rule)
                fail_msg("%s%s: %u first, by rule %d", vectors[index].name, reversed ? " reversed" : "",
                         places[0].index, (int)places[1].rule);
            assert_int_equal(places[0].rule, SELECTION_FIRST);
            assert_int_equal(places[1].index, !reversed);
        }
    }
}

/* All of one list, the most preferred first, under RFC 6724's table. */
static const struct way ordered[CANDIDATES_MAX] = {
    {"::1", "::1", PLAIN},               /* precedence 50 */
    {"fe80::1", "fe80::2", PLAIN},       /* 40, link-local scope */
    {P "1::1", P "1::2", PLAIN},         /* 40, 64 bits shared */
    {P "9::1", P "1::2", PLAIN},         /* 40, fewer shared */
    {"198.51.100.7", "10.1.2.4", PLAIN}, /* 35 */
    {"2002:a00::1", NULL, PLAIN},        /* no route */
};

static void check_permutation(const struct policy *policy, const unsigned *permutation)
{
    static const enum selection_rule rules[CANDIDATES_MAX] = {0, 6, 8, 9, 6, 1};
    struct selection_candidate candidates[CANDIDATES_MAX];
    struct selection_place places[CANDIDATES_MAX];
    for (unsigned index = 0; index < CANDIDATES_MAX; index++)
        candidates[index] = candidate(&ordered[permutation[index]]);
    selection_sort(policy, candidates, CANDIDATES_MAX, places);
    for (unsigned index = 0; index < CANDIDATES_MAX; index++) {
        assert_int_equal(permutation[places[index].index], index);
        assert_int_equal(places[index].rule, rules[index]);
    }
}

static unsigned permute(const struct policy *policy, unsigned *permutation, unsigned fixed)
{
    unsigned done = 0;
    if (fixed == CANDIDATES_MAX) {
        check_permutation(policy, permutation);
        return 1;
    }
    for (unsigned other = fixed; other < CANDIDATES_MAX; other++) {
        unsigned kept = permutation[fixed];
        permutation[fixed] = permutation[other];
        permutation[other] = kept;
        done += permute(policy, permutation, fixed + 1);
        permutation[other] = permutation[fixed];
        permutation[fixed] = kept;
    }
    return done;
}

static void orders_a_list_from_every_permutation(void **state)
{
    (void)state;
    struct policy policy;
    unsigned permutation[CANDIDATES_MAX] = {0, 1, 2, 3, 4, 5};
    policy_builtin(&policy, POLICY_RFC6724, NULL, 0);
    assert_int_equal(permute(&policy, permutation, 0), 720);
}

/* The first of two places, and the rule that said so. */
static unsigned first_of(enum policy_builtin which, const struct selection_candidate *candidates,
                         enum selection_rule *rule)
{
    struct policy policy;
    struct selection_place places[2];
    policy_builtin(&policy, which, NULL, 0);
    selection_sort(&policy, candidates, 2, places);
    *rule = places[1].rule;
    return places[0].index;
}

static void compares_ipv6_beyond_the_prefix_only_for_glibc(void **state)
{
    (void)state;
    enum selection_rule rule;
    struct selection_candidate candidates[] = {
        candidate(&(struct way){P "1:0:8000::1", P "1::2", PLAIN}), /* 64 bits shared */
        candidate(&(struct way){P "1::1", P "1::2", PLAIN}),        /* 126 bits shared */
    };
    assert_int_equal(first_of(POLICY_SYSTEM, candidates, &rule), 1);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);
    assert_int_equal(first_of(POLICY_RFC6724, candidates, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
    candidates[0].source_prefix_length = candidates[1].source_prefix_length = 0; /* not known: taken as 64 */
    assert_int_equal(first_of(POLICY_RFC6724, candidates, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
    struct selection_candidate other_net = candidate(&(struct way){P "9::1", P "1::2", PLAIN});
    other_net.source_prefix_length = 0;
    assert_int_equal(first_of(POLICY_RFC6724, (struct selection_candidate[]){other_net, candidates[0]}, &rule), 1);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);
    candidates[0].source_prefix_length = candidates[1].source_prefix_length = 112;
    assert_int_equal(first_of(POLICY_RFC6724, candidates, &rule), 1);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);
}

static void compares_ipv4_outside_the_subnet_only_for_the_rfc(void **state)
{
    (void)state;
    enum selection_rule rule;
    struct selection_candidate outside[] = {
        candidate(&(struct way){"198.51.100.7", "10.1.2.4", PLAIN}),
        candidate(&(struct way){"10.9.9.9", "10.1.2.4", PLAIN}),
    };
    assert_int_equal(first_of(POLICY_SYSTEM, outside, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
    assert_int_equal(first_of(POLICY_RFC6724, outside, &rule), 1);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);

    struct selection_candidate inside[] = {
        candidate(&(struct way){"10.1.2.200", "10.1.2.4", PLAIN}), /* 24 bits */
        candidate(&(struct way){"10.1.2.5", "10.1.2.4", PLAIN}),   /* 31 bits */
    };
    assert_int_equal(first_of(POLICY_SYSTEM, inside, &rule), 1);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);
    assert_int_equal(first_of(POLICY_RFC6724, inside, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
    outside[0] = inside[0]; /* the first bit after the prefix differs: inside all the same */
    assert_int_equal(first_of(POLICY_SYSTEM, outside, &rule), 0);
    assert_int_equal(rule, SELECTION_LONGEST_PREFIX);
    inside[0].source_prefix_length = inside[1].source_prefix_length = 0; /* not known */
    assert_int_equal(first_of(POLICY_RFC6724, inside, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
    assert_int_equal(first_of(POLICY_SYSTEM, inside, &rule), 0);
    assert_int_equal(rule, SELECTION_ORDER_GIVEN);
}

/*
 * Rule 9 says C before A, the order given says A before B and B before C. glibc's qsort_r merges (A) with (B, C) and
 * so never compares C with A; one that merged (A, B) with (C) would put C first.
 */
static void follows_glibc_round_a_circle(void **state)
{
    (void)state;
    struct policy policy;
    struct selection_place places[3];
    struct selection_candidate candidates[] = {
        candidate(&(struct way){P "9::1", P "1::2", PLAIN}),
        candidate(&(struct way){"10.9.9.9", "10.1.2.4", PLAIN}),
        candidate(&(struct way){P "1::1", P "1::2", PLAIN}),
    };
    policy_builtin(&policy, POLICY_SYSTEM, NULL, 0);
    policy.precedences.count = 0; /* no precedence: nothing but rules 9 and 10 decide */
    policy_table_add(&policy.precedences, &in6addr_any, 0, 40);
    selection_sort(&policy, candidates, 3, places);
    assert_int_equal(places[0].index, 0);
    assert_int_equal(places[1].index, 1);
    assert_int_equal(places[2].index, 2);
    assert_int_equal(places[2].rule, SELECTION_ORDER_GIVEN);
}

static struct selection_candidate random_candidate(bool ipv4)
{
    static const char *const ipv6[] = {"::1",    "fe80::1", "fec0::7", F "1::1", "fd22::2",
                                       P "1::1", P "9::1",  Z ":1",    "2001::5"};
    static const char *const dotted[] = {"127.0.0.1", "10.1.2.3", "10.1.2.4", "169.254.1.1", "198.51.100.7"};
    struct way way = {
        ipv4 ? dotted[random_below(5)] : ipv6[random_below(9)],
        random_below(8) == 0 ? NULL
        : ipv4               ? dotted[random_below(5)]
                             : ipv6[random_below(9)],
        random_below(8),
    };
    return candidate(&way);
}

/* Within one family "is better" never goes in circles: each place beats every later one, ties in the order given. */
static void sorts_random_sets_stably(void **state)
{
    (void)state;
    for (unsigned set = 0; set < RANDOM_SETS; set++) {
        struct selection_candidate candidates[RANDOM_COUNT];
        struct selection_place places[RANDOM_COUNT];
        struct policy policy;
        bool ipv4 = random_below(2) == 0;
        unsigned count = random_below(RANDOM_COUNT + 1);
        unsigned seen[RANDOM_COUNT] = {0};
        policy_builtin(&policy, (enum policy_builtin)random_below(5), NULL, 0);
        for (unsigned index = 0; index < count; index++)
            candidates[index] = random_candidate(ipv4);
        selection_sort(&policy, candidates, count, places);
        for (unsigned left = 0; left < count; left++) {
            seen[places[left].index]++;
            for (unsigned right = left + 1; right < count; right++) {
                enum selection_rule rule;
                int order = selection_compare(&policy, &candidates[places[left].index],
                                              &candidates[places[right].index], &rule);
                assert_true(order < 0 || (order == 0 && places[left].index < places[right].index));
                assert_true((order == 0) == (rule == SELECTION_ORDER_GIVEN));
            }
        }
        for (unsigned index = 0; index < count; index++)
            assert_int_equal(seen[index], 1);
    }
}

static void names_the_rules(void **state)
{
    (void)state;
    for (unsigned rule = SELECTION_FIRST; rule <= SELECTION_ORDER_GIVEN; rule++)
        assert_true(strlen(selection_rule_text((enum selection_rule)rule)) > 0);
    assert_string_equal(selection_rule_text(SELECTION_LONGEST_PREFIX), "longest matching prefix");
    assert_int_equal(SELECTION_ORDER_GIVEN, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_every_vector_both_ways),
        cmocka_unit_test(orders_a_list_from_every_permutation),
        cmocka_unit_test(compares_ipv6_beyond_the_prefix_only_for_glibc),
        cmocka_unit_test(compares_ipv4_outside_the_subnet_only_for_the_rfc),
        cmocka_unit_test(follows_glibc_round_a_circle),
        cmocka_unit_test(sorts_random_sets_stably),
        cmocka_unit_test(names_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
