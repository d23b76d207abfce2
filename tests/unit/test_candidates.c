#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "core/candidates.h"

#define THREAD       7u
#define OTHER_THREAD 8u

static struct candidates table;

static int fresh_table(void **state)
{
    (void)state;
    memset(&table, 0, sizeof table);
    return 0;
}

static struct ip_address address_of(const char *text)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, text, &ipv4) == 1)
        return address_ipv4(ipv4);
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6), 1);
    return address_ipv6(&ipv6, 0);
}

static void record(const char *name, unsigned thread, int64_t now_ms, const char *first, const char *second)
{
    struct ip_address addresses[2] = {address_of(first)};
    if (second != NULL)
        addresses[1] = address_of(second);
    candidates_record(&table, name != NULL ? candidates_name_hash(name) : 0, thread, now_ms, addresses,
                      second != NULL ? 2 : 1);
}

static bool find(const char *address, unsigned thread, int64_t now_ms, struct candidate_list *list)
{
    struct ip_address wanted = address_of(address);
    return candidates_find(&table, &wanted, thread, now_ms, list);
}

static void test_names_are_compared_as_dns_does(void **state)
{
    (void)state;
    assert_true(candidates_name_hash("Host.Example") == candidates_name_hash("host.example."));
    assert_true(candidates_name_hash("host.example") != candidates_name_hash("host.examples"));
    assert_true(candidates_name_hash("") != 0);
}

static void test_whoever_leads_has_the_others(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 1, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.leader, 1);
    assert_int_equal(list.addresses[0].family, AF_INET6);
    assert_false(find("192.0.2.2", THREAD, 1, &list));
}

static void test_ipv4_forgets_after_a_minute_and_ipv6_never(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, CANDIDATES_IPV4_LIFETIME_MS, &list));
    assert_false(find("192.0.2.1", THREAD, CANDIDATES_IPV4_LIFETIME_MS + 1, &list));
    assert_true(find("2001:db8::1", THREAD, INT64_C(1) << 40, &list));
}

static void test_a_typed_address_is_alone(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record(NULL, THREAD, 1, "192.0.2.1", NULL);
    assert_false(find("192.0.2.1", THREAD, 2, &list));
    record("dual", THREAD, 3, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 4, &list));
}

static void test_two_names_on_one_address_are_not_mixed_up(void **state)
{
    (void)state;
    struct candidate_list list;
    record("one", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record("two", OTHER_THREAD, 1, "2001:db8::2", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 2, &list)); /* its own lookup */
    assert_int_equal(list.addresses[0].ipv6.s6_addr[15], 1);
    assert_true(find("192.0.2.1", OTHER_THREAD, 2, &list));
    assert_int_equal(list.addresses[0].ipv6.s6_addr[15], 2);
    assert_false(find("192.0.2.1", THREAD + 5, 2, &list)); /* a third thread can't tell */
    assert_true(find("2001:db8::2", THREAD + 5, 2, &list));
}

static void test_another_thread_resolved(void **state)
{
    (void)state;
    struct candidate_list list;
    record("one", THREAD, 0, "2001:db8::1", "192.0.2.1");
    record("one", OTHER_THREAD, 1, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD + 5, 2, &list));
}

static void test_a_failure_is_remembered_until_the_next_lookup(void **state)
{
    (void)state;
    struct candidate_list list;
    record("dual", THREAD, 0, "2001:db8::1", "192.0.2.1");
    assert_true(find("2001:db8::1", THREAD, 1, &list));
    candidates_mark(&table, &list, true);
    assert_true(find("192.0.2.1", THREAD, 2, &list));
    assert_int_equal(list.failed_leader, 1);
    record("dual", THREAD, 3, "2001:db8::1", "192.0.2.1");
    assert_true(find("192.0.2.1", THREAD, 4, &list));
    assert_int_equal(list.failed_leader, 0);
}

/* The oldest make room, and their places in the chains with them. */
static void test_old_lookups_are_replaced(void **state)
{
    (void)state;
    struct candidate_list list;
    char name[16] = "n0000", address[32] = "";
    for (unsigned i = 0; i < 3 * CANDIDATES_LISTS; i++) {
        for (unsigned digit = 0, rest = i; digit < 4; digit++, rest /= 10)
            name[4 - digit] = (char)('0' + rest % 10);
        struct in6_addr ipv6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}};
        inet_ntop(AF_INET6, &ipv6, address, sizeof address);
        record(name, THREAD, i, address, "192.0.2.1");
        assert_true(find(address, THREAD, i, &list));
    }
    assert_false(find("2001:db8::5", THREAD, 0, &list));
    assert_true(find("192.0.2.1", THREAD, 3 * CANDIDATES_LISTS, &list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_compared_as_dns_does),
        cmocka_unit_test_setup(test_whoever_leads_has_the_others, fresh_table),
        cmocka_unit_test_setup(test_ipv4_forgets_after_a_minute_and_ipv6_never, fresh_table),
        cmocka_unit_test_setup(test_a_typed_address_is_alone, fresh_table),
        cmocka_unit_test_setup(test_two_names_on_one_address_are_not_mixed_up, fresh_table),
        cmocka_unit_test_setup(test_another_thread_resolved, fresh_table),
        cmocka_unit_test_setup(test_a_failure_is_remembered_until_the_next_lookup, fresh_table),
        cmocka_unit_test_setup(test_old_lookups_are_replaced, fresh_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
