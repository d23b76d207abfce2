/* core/address/address: classification at its edges, text against RFC 5952 and inet_ntop, socket addresses of every
 * length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "../parsed.h"
#include "../random.h"
#include "core/address/address.h"

#define RANDOM_ROUNDS 200000

static void test_every_unused_byte_is_zero(void **state)
{
    (void)state;
    const uint8_t zeros[sizeof(struct ip_address)] = {0};
    struct ip_address address;
    memset(&address, 0xa5, sizeof address);
    address = address_ipv4((struct in_addr){0});
    address.family = 0;
    assert_memory_equal(&address, zeros, sizeof address);
    address = address_unmap(&(struct ip_address){.family = AF_INET6, .ipv6 = {{{[10] = 0xff, [11] = 0xff}}}});
    assert_int_equal(address.family, AF_INET);
    address.family = 0;
    assert_memory_equal(&address, zeros, sizeof address);
}

static void test_equal_compares_family_bytes_and_scope(void **state)
{
    (void)state;
    struct ip_address one = parsed("fe80::1"), other = one;
    assert_true(address_equal(&one, &other));
    other.scope = 2;
    assert_false(address_equal(&one, &other));
    other = parsed("fe80::2");
    assert_false(address_equal(&one, &other));

    struct ip_address quad = parsed("192.0.2.1"), same = parsed("192.0.2.1"), next = parsed("192.0.2.2");
    struct ip_address mapped = address_map(quad.ipv4);
    assert_true(address_equal(&quad, &same));
    assert_false(address_equal(&quad, &next));
    assert_false(address_equal(&quad, &mapped));
    struct ip_address none = {.family = AF_UNSPEC}, nothing = none;
    assert_true(address_equal(&none, &nothing));
    assert_false(address_equal(&none, &quad));
}

#define UNSPECIFIED 1u
#define LOOPBACK    2u
#define LINK_LOCAL  4u
#define MULTICAST   8u
#define MAPPED      16u
#define SCOPED      64u

static const struct {
    const char *text;
    unsigned kinds;
} classified[] = {
    {"0.0.0.0", UNSPECIFIED},
    {"0.0.0.1", 0},
    {"126.255.255.255", 0},
    {"127.0.0.0", LOOPBACK},
    {"127.255.255.255", LOOPBACK},
    {"128.0.0.0", 0},
    {"169.253.255.255", 0},
    {"169.254.0.0", LINK_LOCAL},
    {"169.254.255.255", LINK_LOCAL},
    {"169.255.0.0", 0},
    {"223.255.255.255", 0},
    {"224.0.0.0", MULTICAST},
    {"239.255.255.255", MULTICAST},
    {"240.0.0.0", 0},
    {"255.255.255.255", 0},
    {"9.255.255.255", 0},
    {"10.0.0.0", 0},
    {"10.255.255.255", 0},
    {"11.0.0.0", 0},
    {"100.63.255.255", 0},
    {"100.64.0.0", 0},
    {"100.127.255.255", 0},
    {"100.128.0.0", 0},
    {"172.15.255.255", 0},
    {"172.16.0.0", 0},
    {"172.31.255.255", 0},
    {"172.32.0.0", 0},
    {"192.167.255.255", 0},
    {"192.168.0.0", 0},
    {"192.168.255.255", 0},
    {"192.169.0.0", 0},
    {"::", UNSPECIFIED},
    {"::1", LOOPBACK},
    {"::2", 0},
    {"1::1", 0},
    {"::127.0.0.1", 0},
    {"::ffff:0.0.0.0", MAPPED},
    {"::ffff:127.0.0.1", MAPPED},
    {"::ffff:169.254.0.1", MAPPED},
    {"::ffff:10.0.0.1", MAPPED},
    {"::fffe:10.0.0.1", 0},
    {"::1:ffff:10.0.0.1", 0},
    {"::ffff:0:10.0.0.1", 0},
    {"fbff:ffff::", 0},
    {"fc00::", 0},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0},
    {"fe00::", 0},
    {"fe7f:ffff::", 0},
    {"fe80::", LINK_LOCAL | SCOPED},
    {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LINK_LOCAL | SCOPED},
    {"fec0::", 0},
    {"feff:ffff::", 0},
    {"ff00::1", MULTICAST},
    {"ff01::1", MULTICAST | SCOPED},
    {"ff02::1", MULTICAST | SCOPED},
    {"ff32::1", MULTICAST | SCOPED},
    {"ff03::1", MULTICAST},
    {"ff05::2", MULTICAST},
    {"ff0e::1", MULTICAST},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", MULTICAST},
    {"64:ff9b::7f00:1", 0},
};

static unsigned kinds_of(const struct ip_address *address)
{
    return (address_is_unspecified(address) ? UNSPECIFIED : 0) | (address_is_loopback(address) ? LOOPBACK : 0) |
           (address_is_link_local(address) ? LINK_LOCAL : 0) | (address_is_multicast(address) ? MULTICAST : 0) |
           (address_is_mapped(address) ? MAPPED : 0) | (address_takes_scope(address) ? SCOPED : 0);
}

static void test_classification_edges(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof classified / sizeof classified[0]; row++) {
        struct ip_address address = parsed(classified[row].text);
        if (kinds_of(&address) != classified[row].kinds)
            fail_msg("%s: kinds %#x, expected %#x", classified[row].text, kinds_of(&address), classified[row].kinds);
        address.family = AF_UNSPEC;
        assert_int_equal(kinds_of(&address), 0);
    }
}

static void test_map_and_unmap(void **state)
{
    (void)state;
    struct ip_address quad = parsed("192.0.2.33"), mapped = address_map(quad.ipv4);
    struct ip_address expected = parsed("::ffff:192.0.2.33"), plain = parsed("64:ff9b::c000:221");
    assert_true(address_equal(&mapped, &expected));
    struct ip_address back = address_unmap(&mapped), same = address_unmap(&plain), self = address_unmap(&quad);
    assert_true(address_equal(&back, &quad));
    assert_true(address_equal(&same, &plain));
    assert_true(address_equal(&self, &quad));
}

static const struct {
    const char *given, *expected;
} printed[] = {
    /* RFC 5952 section 4.1: leading zeros */
    {"2001:0db8::0001", "2001:db8::1"},
    {"2001:db8::0:0001", "2001:db8::1"},
    /* 4.2.1: as short as possible; 4.2.2: one group is not shortened; 4.2.3: the longest run, then the first */
    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    /* 4.3: lower case */
    {"2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
    /* section 5: mixed notation for the well-known prefix of mapped addresses, and for no other */
    {"::ffff:c000:0201", "::ffff:192.0.2.1"},
    {"::ffff:0:0", "::ffff:0.0.0.0"},
    {"::192.0.2.1", "::c000:201"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"0:1::", "0:1::"},
    {"0:0:1:1:1:1:1:1", "::1:1:1:1:1:1"},
    {"1:1:1:1:1:1:0:0", "1:1:1:1:1:1::"},
    {"0:1:1:1:1:1:1:0", "0:1:1:1:1:1:1:0"},
    {"1:0:1:0:1:0:1:0", "1:0:1:0:1:0:1:0"},
    {"10:200:3000:f:0:0:0:abc", "10:200:3000:f::abc"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"1.20.100.9", "1.20.100.9"},
};

static void test_print_follows_rfc_5952(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof printed / sizeof printed[0]; row++) {
        struct ip_address address = parsed(printed[row].given);
        char text[ADDRESS_TEXT_SIZE];
        assert_ptr_equal(address_print(&address, text), text);
        assert_string_equal(text, printed[row].expected);
    }
}

static void test_print_scope_and_no_address(void **state)
{
    (void)state;
    char text[ADDRESS_TEXT_SIZE];
    struct ip_address address = parsed("fe80::1");
    address.scope = 4;
    assert_string_equal(address_print(&address, text), "fe80::1%4");
    address = parsed("fe80:1111:2222:3333:4444:5555:6666:7777");
    address.scope = UINT32_MAX;
    assert_string_equal(address_print(&address, text), "fe80:1111:2222:3333:4444:5555:6666:7777%4294967295");
    address.family = AF_UNSPEC;
    assert_string_equal(address_print(&address, text), "-");
}

/* Addresses with many zero groups, and with the prefixes that have notations of their own. */
static struct in6_addr random_ipv6(void)
{
    struct in6_addr ipv6;
    for (unsigned index = 0; index < sizeof ipv6; index++)
        ipv6.s6_addr[index] = (uint8_t)(random_below(256) >> random_below(8));
    for (unsigned group = 0, mask = random_below(256); group < 8; group++)
        if (mask >> group & 1)
            ipv6.s6_addr[2 * group] = ipv6.s6_addr[2 * group + 1] = 0;
    unsigned prefix = random_below(8);
    if (prefix < 2)
        memset(ipv6.s6_addr, 0, 12);
    if (prefix == 1)
        ipv6.s6_addr[10] = ipv6.s6_addr[11] = 0xff;
    return ipv6;
}

/* glibc writes the obsolete IPv4-compatible addresses (::a.b.c.d, RFC 4291 section 2.5.5.1) in mixed notation. */
static bool is_compatible_notation(const struct in6_addr *ipv6)
{
    static const uint8_t zeros[12];
    return memcmp(ipv6->s6_addr, zeros, sizeof zeros) == 0 && (ipv6->s6_addr[12] != 0 || ipv6->s6_addr[13] != 0);
}

static void test_print_agrees_with_inet_ntop(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip(); /* musl prefers the longest run of zeros otherwise */
#endif
    unsigned compared = 0, compatible = 0;
    for (unsigned round = 0; round < RANDOM_ROUNDS; round++) {
        struct in6_addr ipv6 = random_ipv6(), back;
        struct ip_address address = address_ipv6(&ipv6, 0);
        char text[ADDRESS_TEXT_SIZE], expected[INET6_ADDRSTRLEN];
        memset(text, '#', sizeof text);
        address_print(&address, text);
        inet_ntop(AF_INET6, &ipv6, expected, sizeof expected);
        assert_int_equal(inet_pton(AF_INET6, text, &back), 1);
        assert_memory_equal(&back, &ipv6, sizeof ipv6);
        if (is_compatible_notation(&ipv6)) {
            assert_null(strchr(text, '.'));
            compatible++;
        } else {
            assert_string_equal(text, expected);
            compared++;
        }

        struct in_addr ipv4;
        memcpy(&ipv4, &ipv6.s6_addr[12], sizeof ipv4);
        address = address_ipv4(ipv4);
        inet_ntop(AF_INET, &ipv4, expected, sizeof expected);
        assert_string_equal(address_print(&address, text), expected);
    }
    assert_true(compared > RANDOM_ROUNDS / 2 && compatible > 0);
}

static void test_sockaddr_of_every_length(void **state)
{
    (void)state;
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        uint8_t bytes[sizeof(struct sockaddr_storage)];
    } in;
    for (socklen_t length = 0; length <= sizeof in; length++) {
        struct ip_address address = {.family = AF_UNIX}, expected;
        uint16_t port = 7;
        memset(&in, 0, sizeof in);
        in.ipv4.sin_family = AF_INET;
        in.ipv4.sin_port = htons(8080);
        in.ipv4.sin_addr.s_addr = htonl(0xc0000201);
        bool read = address_from_sockaddr(&in.any, length, &address, &port);
        assert_int_equal(read, length >= 16);
        expected = parsed("192.0.2.1");
        assert_true(read ? port == 8080 && address_equal(&address, &expected)
                         : port == 7 && address.family == AF_UNIX);

        memset(&in, 0, sizeof in);
        in.ipv6.sin6_family = AF_INET6;
        in.ipv6.sin6_port = htons(443);
        in.ipv6.sin6_addr = parsed("fe80::1").ipv6;
        in.ipv6.sin6_scope_id = 3;
        address.family = AF_UNIX;
        port = 7;
        read = address_from_sockaddr(&in.any, length, &address, &port);
        assert_int_equal(read, length >= 24);
        expected = parsed("fe80::1");
        expected.scope = length >= 28 ? 3 : 0;
        assert_true(read ? port == 443 && address_equal(&address, &expected)
                         : port == 7 && address.family == AF_UNIX);
    }
}

static void test_sockaddr_oddities(void **state)
{
    (void)state;
    struct ip_address address;
    uint8_t bytes[1 + sizeof(struct sockaddr_in6)];
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_scope_id = 3};

    assert_false(address_from_sockaddr(NULL, sizeof ipv6, &address, NULL));
    assert_false(address_from_sockaddr(&(struct sockaddr){.sa_family = AF_UNIX}, 2, &address, NULL));
    assert_false(address_from_sockaddr(&(struct sockaddr){.sa_family = AF_UNSPEC}, 16, &address, NULL));

    const char *const kept[] = {"fe80::1", "ff02::1", "ff01::1"}, *const dropped[] = {"2001:db8::1", "ff05::1",
                                                                                      "::1"};
    for (size_t index = 0; index < 3; index++) {
        ipv6.sin6_addr = parsed(kept[index]).ipv6;
        memcpy(bytes + 1, &ipv6, sizeof ipv6); /* not aligned */
        assert_true(address_from_sockaddr((const void *)(bytes + 1), sizeof ipv6, &address, NULL));
        assert_int_equal(address.scope, 3);
        ipv6.sin6_addr = parsed(dropped[index]).ipv6;
        assert_true(address_from_sockaddr((const void *)&ipv6, sizeof ipv6, &address, NULL));
        assert_int_equal(address.scope, 0);
    }
}

static void test_to_sockaddr(void **state)
{
    (void)state;
    struct sockaddr_storage result, expected;
    struct ip_address address = parsed("192.0.2.1"), back;
    uint16_t port;
    memset(&result, 0xa5, sizeof result);
    memset(&expected, 0, sizeof expected);
    *(struct sockaddr_in *)&expected =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = address.ipv4};
    assert_int_equal(address_to_sockaddr(&address, 53, &result), sizeof(struct sockaddr_in));
    assert_memory_equal(&result, &expected, sizeof result);

    address = parsed("fe80::1");
    address.scope = 9;
    memset(&result, 0xa5, sizeof result);
    socklen_t length = address_to_sockaddr(&address, 65535, &result);
    assert_int_equal(length, sizeof(struct sockaddr_in6));
    assert_true(address_from_sockaddr((struct sockaddr *)&result, length, &back, &port));
    assert_true(address_equal(&address, &back) && port == 65535);

    address.family = AF_UNSPEC;
    assert_int_equal(address_to_sockaddr(&address, 1, &result), 0);
    memset(&expected, 0, sizeof expected);
    assert_memory_equal(&result, &expected, sizeof result);
}

static unsigned bit_of(const struct ip_address *address, unsigned bit)
{
    return address->ipv6.s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

static void test_common_prefix_against_bit_by_bit(void **state)
{
    (void)state;
    for (unsigned round = 0; round < RANDOM_ROUNDS / 10; round++) {
        struct in6_addr ipv6 = random_ipv6();
        struct in_addr ipv4;
        memcpy(&ipv4, &ipv6, sizeof ipv4);
        unsigned bits = round % 2 == 0 ? 32 : 128;
        struct ip_address left = bits == 32 ? address_ipv4(ipv4) : address_ipv6(&ipv6, 0), right = left;
        for (unsigned flips = random_below(3); flips > 0; flips--) {
            unsigned bit = random_below(bits);
            right.ipv6.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        }
        unsigned expected = 0;
        while (expected < bits && bit_of(&left, expected) == bit_of(&right, expected))
            expected++;
        assert_int_equal(address_common_prefix(&left, &right), expected);
        for (unsigned length = 0; length <= bits + 1; length++)
            assert_int_equal(address_in_prefix(&left, &right, length), length <= expected);
    }
}

static void test_prefix_of_different_families(void **state)
{
    (void)state;
    struct ip_address quad = parsed("0.0.0.0"), ipv6 = parsed("::"), none = {.family = AF_UNSPEC};
    assert_int_equal(address_common_prefix(&quad, &ipv6), 0);
    assert_false(address_in_prefix(&quad, &ipv6, 0));
    assert_false(address_in_prefix(&ipv6, &quad, 0));
    assert_false(address_in_prefix(&none, &none, 0));
    struct ip_address scoped = parsed("fe80::1"), prefix = parsed("fe80::");
    scoped.scope = 2;
    assert_true(address_in_prefix(&scoped, &prefix, 10));
}

static void test_errno_is_left_alone(void **state)
{
    (void)state;
    struct ip_address address = parsed("fe80::1");
    char text[ADDRESS_TEXT_SIZE];
    struct sockaddr_storage result;
    errno = ENOTTY;
    address_print(&address, text);
    address_to_sockaddr(&address, 1, &result);
    address_from_sockaddr((struct sockaddr *)&result, 3, &address, NULL);
    assert_int_equal(errno, ENOTTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unused_byte_is_zero),
        cmocka_unit_test(test_equal_compares_family_bytes_and_scope),
        cmocka_unit_test(test_classification_edges),
        cmocka_unit_test(test_map_and_unmap),
        cmocka_unit_test(test_print_follows_rfc_5952),
        cmocka_unit_test(test_print_scope_and_no_address),
        cmocka_unit_test(test_print_agrees_with_inet_ntop),
        cmocka_unit_test(test_sockaddr_of_every_length),
        cmocka_unit_test(test_sockaddr_oddities),
        cmocka_unit_test(test_to_sockaddr),
        cmocka_unit_test(test_common_prefix_against_bit_by_bit),
        cmocka_unit_test(test_prefix_of_different_families),
        cmocka_unit_test(test_errno_is_left_alone),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
