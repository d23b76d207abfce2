/* core/alias/alias_map: which IPv4 range shows which IPv6 network, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "core/address/literal.h"
#include "core/alias/alias_map.h"

static const struct alias_pool pool = {.first = 0xf0400000, .count = 0x400000};

static struct ip_address address(const char *text)
{
    struct ip_address result;
    unsigned length;
    assert_true(literal_parse_prefix(text, &result, &length));
    return result;
}

static const char *add(struct alias_map *map, const char *ipv6, const char *ipv4)
{
    struct alias_map_row row;
    assert_true(literal_parse_prefix(ipv6, &row.ipv6, &row.ipv6_length));
    assert_true(literal_parse_prefix(ipv4, &row.ipv4, &row.ipv4_length));
    return alias_map_add(map, &pool, &row);
}

static void copies_where_as_many_bits_are_left(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"2001:db8:1::", "10.6.0.0"},   {"2001:db8:1::ffff", "10.6.255.255"}, {"2001:db8:1::1234", "10.6.18.52"},
        {"2001:db8:2::5", "192.0.2.1"}, {"fd00::ff", "172.16.1.255"},
    };
    struct alias_map map = {0};
    assert_null(add(&map, "2001:db8:1::/112", "10.6.0.0/16"));
    assert_null(add(&map, "2001:db8:2::5", "192.0.2.1"));
    assert_null(add(&map, "fd00::/120", "172.16.1.0/24"));
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct ip_address ipv6 = address(pairs[i][0]), ipv4 = address(pairs[i][1]), back;
        const struct alias_map_row *row = alias_map_by_ipv6(&map, &ipv6);
        assert_non_null(row);
        assert_true(alias_map_is_copied(row));
        assert_int_equal(alias_map_to_ipv4(row, &ipv6).s_addr, ipv4.ipv4.s_addr);
        assert_ptr_equal(alias_map_by_ipv4(&map, ipv4.ipv4), row);
        assert_true(alias_map_to_ipv6(&map, row, ipv4.ipv4, &back));
        assert_true(address_equal(&back, &ipv6));
    }
}

static void leaves_the_rest_alone(void **state)
{
    (void)state;
    static const char *const ipv6s[] = {"2001:db8:1::1:0", "2001:db8:0:ffff::", "fd00::100", "192.0.2.1"};
    static const char *const ipv4s[] = {"10.5.255.255", "10.7.0.0", "0.0.0.0", "255.255.255.255"};
    struct alias_map map = {0};
    struct ip_address first = address("2001:db8:1::1");
    assert_null(alias_map_by_ipv6(&map, &first));
    assert_null(add(&map, "2001:db8:1::/112", "10.6.0.0/16"));
    for (size_t i = 0; i < 4; i++) {
        struct ip_address asked = address(ipv6s[i]);
        assert_null(alias_map_by_ipv6(&map, &asked));
        assert_null(alias_map_by_ipv4(&map, address(ipv4s[i]).ipv4));
    }
}

static void takes_the_longest_ipv6_prefix(void **state)
{
    (void)state;
    struct alias_map map = {0};
    assert_null(add(&map, "2001:db8::/32", "10.0.0.0/8"));
    assert_null(add(&map, "2001:db8:1::/112", "172.16.0.0/16"));
    assert_null(add(&map, "2001:db8:1::7", "192.0.2.7"));
    struct ip_address wide = address("2001:db8:2::1"), inner = address("2001:db8:1::1"),
                      one = address("2001:db8:1::7");
    assert_false(alias_map_is_copied(alias_map_by_ipv6(&map, &wide)));
    assert_ptr_equal(alias_map_by_ipv6(&map, &wide), &map.rows[0]);
    assert_ptr_equal(alias_map_by_ipv6(&map, &inner), &map.rows[1]);
    assert_ptr_equal(alias_map_by_ipv6(&map, &one), &map.rows[2]);
    /* That face of ::7 would be a second one. */
    assert_false(alias_map_to_ipv6(&map, &map.rows[1], address("172.16.0.7").ipv4, &one));
    assert_true(alias_map_to_ipv6(&map, &map.rows[1], address("172.16.0.8").ipv4, &one));
}

static void refuses_what_would_lie(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"::1", "10.0.0.1", "part of"},
        {"::ffff:0:0/96", "10.0.0.0/8", "part of"},
        {"fe80::/64", "10.0.0.0/8", "part of"},
        {"ff02::/16", "10.0.0.0/8", "part of"},
        {"::/0", "10.0.0.0/8", "part of"},
        {"2001:db8::/64", "127.0.0.0/8", "outside"},
        {"2001:db8::1", "127.0.0.1", "outside"},
        {"2001:db8::1", "0.0.0.0", "outside"},
        {"2001:db8::1", "224.0.0.1", "outside"},
        {"2001:db8::1", "255.255.255.255", "outside"},
        {"2001:db8::/64", "8.0.0.0/6", "outside"},
        {"2001:db8::/64", "10.0.0.0/29", "/8 to /28"},
        {"2001:db8::/64", "10.0.0.1", "/8 to /28"},
        {"2001:db8::/64", "240.127.0.0/16", "the alias pool"},
        {"2001:db8::/64", "240.0.0.0/8", "the alias pool"},
        {"2001:db8:1::/64", "10.1.0.0/16", "mapped already"},
        {"2001:db8:2::/64", "10.0.5.0/24", "an earlier entry"},
        {"2001:db8:2::/64", "10.0.0.0/8", "an earlier entry"},
    };
    struct alias_map map = {0};
    assert_null(add(&map, "2001:db8:1::/64", "10.0.0.0/16"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *fault = add(&map, bad[i][0], bad[i][1]);
        if (fault == NULL || strstr(fault, bad[i][2]) == NULL)
            fail_msg("%s = %s: %s", bad[i][0], bad[i][1], fault);
        assert_int_equal(map.count, 1);
    }
}

static void holds_so_many(void **state)
{
    (void)state;
    struct alias_map map = {0};
    struct alias_map_row row = {.ipv6 = address("2001:db8::1"), .ipv6_length = 128, .ipv4_length = 32};
    for (unsigned i = 0; i <= PREFIX_MAP_SIZE; i++) {
        row.ipv6.ipv6.s6_addr[15] = (uint8_t)i;
        row.ipv4 = address_ipv4((struct in_addr){.s_addr = htonl(0x0a000000 + i)});
        const char *fault = alias_map_add(&map, &pool, &row);
        assert_true((fault == NULL) == (i < PREFIX_MAP_SIZE));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_where_as_many_bits_are_left),
        cmocka_unit_test(leaves_the_rest_alone),
        cmocka_unit_test(takes_the_longest_ipv6_prefix),
        cmocka_unit_test(refuses_what_would_lie),
        cmocka_unit_test(holds_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
