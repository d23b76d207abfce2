/* core/address/explicit_mapping: the examples of RFC 7757, and mappings that would make two hosts look like one. */
#include "core/address/explicit_mapping.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "../parsed.h"
#include "../random.h"

#define RANDOM_ROUNDS 5000

static const char *add(struct explicit_mapping_table *table, const char *ipv4, unsigned ipv4_length, const char *ipv6,
                       unsigned ipv6_length)
{
    struct ip_address first = parsed(ipv4), second = parsed(ipv6);
    return explicit_mapping_add(table, &first, ipv4_length, &second, ipv6_length);
}

/* After the table of RFC 7757 section 3.2. */
static struct explicit_mapping_table rfc_table(void)
{
    struct explicit_mapping_table table = {.count = 0};
    assert_null(add(&table, "192.0.2.1", 32, "2001:db8:aaaa::", 128));
    assert_null(add(&table, "192.0.2.2", 32, "2001:db8:bbbb::b", 128));
    assert_null(add(&table, "192.0.2.16", 28, "2001:db8:cccc::", 124));
    assert_null(add(&table, "192.0.2.128", 26, "2001:db8:dddd::", 64));
    assert_null(add(&table, "192.0.2.192", 29, "2001:db8:eeee:8::", 62));
    assert_null(add(&table, "192.0.2.224", 31, "64:ff9b::", 127));
    return table;
}

static void maps_the_vectors_both_ways(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"192.0.2.1", "2001:db8:aaaa::"},
        {"192.0.2.2", "2001:db8:bbbb::b"},
        {"192.0.2.16", "2001:db8:cccc::"},
        {"192.0.2.24", "2001:db8:cccc::8"},
        {"192.0.2.31", "2001:db8:cccc::f"},
        {"192.0.2.128", "2001:db8:dddd::"},
        {"192.0.2.152", "2001:db8:dddd:0:6000::"},
        {"192.0.2.183", "2001:db8:dddd:0:dc00::"},
        {"192.0.2.191", "2001:db8:dddd:0:fc00::"},
        {"192.0.2.193", "2001:db8:eeee:8:8000::"},
        {"192.0.2.195", "2001:db8:eeee:9:8000::"},
        {"192.0.2.224", "64:ff9b::"},
        {"192.0.2.225", "64:ff9b::1"},
    };
    struct explicit_mapping_table table = rfc_table();
    for (size_t index = 0; index < sizeof pairs / sizeof pairs[0]; index++) {
        struct ip_address ipv4 = parsed(pairs[index][0]), ipv6 = parsed(pairs[index][1]), there;
        struct in_addr back;
        if (!explicit_mapping_to_ipv6(&table, ipv4.ipv4, &there) || !address_equal(&there, &ipv6) ||
            !explicit_mapping_to_ipv4(&table, &ipv6, &back) || back.s_addr != ipv4.ipv4.s_addr)
            fail_msg("%s and %s are not mapped to each other", pairs[index][0], pairs[index][1]);
    }
}

static void leaves_other_addresses_alone(void **state)
{
    (void)state;
    static const char *const ipv4s[] = {"192.0.2.0", "192.0.2.3", "192.0.2.32", "192.0.2.200", "10.0.0.1"};
    static const char *const ipv6s[] = {
        "2001:db8:aaaa::1", "2001:db8:cccc::10", "2001:db8:eeee:c::", "2001:db8::", "::1", "192.0.2.1",
        /* Inside a mapped prefix, but with bits that no IPv4 address has. */
        "2001:db8:dddd:0:6000::bad", "2001:db8:dddd:0:6100::", "2001:db8:dddd::1", "2001:db8:eeee:9:8000::1"};
    struct explicit_mapping_table table = rfc_table();
    struct ip_address there = parsed("::5"), untouched = there;
    struct in_addr back = {7};
    for (size_t index = 0; index < sizeof ipv4s / sizeof ipv4s[0]; index++)
        assert_false(explicit_mapping_to_ipv6(&table, parsed(ipv4s[index]).ipv4, &there));
    for (size_t index = 0; index < sizeof ipv6s / sizeof ipv6s[0]; index++) {
        struct ip_address asked = parsed(ipv6s[index]);
        assert_false(explicit_mapping_to_ipv4(&table, &asked, &back));
    }
    assert_true(address_equal(&there, &untouched));
    assert_int_equal(back.s_addr, 7);
}

static void takes_the_longest_match(void **state)
{
    (void)state;
    struct explicit_mapping_table table = {.count = 0};
    assert_null(add(&table, "10.0.0.0", 8, "2001:db8:a::", 96));
    assert_null(add(&table, "10.1.0.0", 16, "2001:db8:a::1:0", 112)); /* inside the first, on both sides */
    assert_null(add(&table, "10.1.2.3", 32, "2001:db8:b::1", 128));   /* moved away */
    struct ip_address there, expected = parsed("2001:db8:b::1");
    struct in_addr back;
    assert_true(explicit_mapping_to_ipv6(&table, parsed("10.1.2.3").ipv4, &there));
    assert_true(address_equal(&there, &expected));
    assert_true(explicit_mapping_to_ipv4(&table, &expected, &back));
    assert_int_equal(back.s_addr, parsed("10.1.2.3").ipv4.s_addr);
    expected = parsed("2001:db8:a::1:204");
    assert_true(explicit_mapping_to_ipv6(&table, parsed("10.1.2.4").ipv4, &there));
    assert_true(address_equal(&there, &expected));
    /* A host inside the last prefix with a name of its own. */
    assert_null(add(&table, "192.0.2.1", 32, "2001:db8:a::1:205", 128));
    expected = parsed("2001:db8:a::1:205");
    assert_true(explicit_mapping_to_ipv4(&table, &expected, &back));
    assert_int_equal(back.s_addr, parsed("192.0.2.1").ipv4.s_addr);
    /* By its prefix this would be 10.1.2.3, which belongs to another host. */
    struct ip_address shadowed = parsed("2001:db8:a::1:203");
    assert_false(explicit_mapping_to_ipv4(&table, &shadowed, &back));
}

static void refuses_bad_rows(void **state)
{
    (void)state;
    struct explicit_mapping_table table = {.count = 0};
    assert_non_null(add(&table, "2001:db8::", 32, "2001:db8::", 32));
    assert_non_null(add(&table, "10.0.0.0", 8, "10.0.0.0", 8));
    assert_non_null(add(&table, "10.0.0.0", 33, "2001:db8::", 32));
    assert_non_null(add(&table, "10.0.0.0", 8, "2001:db8::", 129));
    assert_non_null(add(&table, "10.0.0.1", 8, "2001:db8::", 96));
    assert_non_null(add(&table, "10.0.0.0", 8, "2001:db8::1", 96));
    assert_non_null(add(&table, "10.0.0.0", 8, "2001:db8::", 105)); /* 23 bits for 24 */
    assert_int_equal(table.count, 0);
    assert_null(add(&table, "10.0.0.0", 8, "2001:db8::", 104));
    assert_non_null(add(&table, "10.0.0.0", 8, "2001:db9::", 104));
    assert_non_null(add(&table, "11.0.0.0", 8, "2001:db8::", 104));
    assert_null(add(&table, "10.0.0.0", 9, "2001:db8::", 105));
    assert_non_null(add(&table, "10.0.0.0", 9, "2001:db9::", 105));
    assert_null(add(&table, "0.0.0.0", 0, "::", 0));
    while (table.count < EAM_ROWS_MAX) {
        struct ip_address ipv4 = parsed("12.0.0.0"), ipv6 = parsed("2001:db8:5::");
        ipv4.ipv4.s_addr |= htonl((uint32_t)table.count);
        ipv6.ipv6.s6_addr[15] = (uint8_t)table.count;
        assert_null(explicit_mapping_add(&table, &ipv4, 32, &ipv6, 128));
    }
    assert_non_null(add(&table, "13.0.0.0", 8, "2001:dba::", 104));
}

static void never_gives_two_hosts_one_name(void **state)
{
    (void)state;
    for (unsigned round = 0; round < RANDOM_ROUNDS; round++) {
        struct explicit_mapping_table table = {.count = 0};
        for (unsigned row = 0; row < 6; row++) { /* crowded, so that rows overlap */
            struct ip_address ipv4 = parsed("10.0.0.0"), ipv6 = parsed("2001:db8::");
            unsigned ipv4_length = 24 + random_below(9), ipv6_length = 96 + random_below(ipv4_length + 1);
            ipv4.ipv4.s_addr |= htonl(random_below(64) << (32 - ipv4_length) & 0xff);
            ipv6.ipv6.s6_addr[15] = (uint8_t)(ipv6_length > 120 ? random_below(8) << (128 - ipv6_length) : 0);
            explicit_mapping_add(&table, &ipv4, ipv4_length, &ipv6, ipv6_length);
        }
        bool named[256] = {false};
        for (unsigned host = 0; host < 256; host++) {
            struct ip_address ipv6 = parsed("2001:db8::"), there;
            struct in_addr ipv4;
            ipv6.ipv6.s6_addr[15] = (uint8_t)host;
            if (!explicit_mapping_to_ipv4(&table, &ipv6, &ipv4))
                continue;
            assert_true(explicit_mapping_to_ipv6(&table, ipv4, &there));
            assert_true(address_equal(&there, &ipv6));
            assert_false(named[ntohl(ipv4.s_addr) & 0xff]);
            named[ntohl(ipv4.s_addr) & 0xff] = true;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_the_vectors_both_ways),     cmocka_unit_test(leaves_other_addresses_alone),
        cmocka_unit_test(takes_the_longest_match),        cmocka_unit_test(refuses_bad_rows),
        cmocka_unit_test(never_gives_two_hosts_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
