/* core/address/literal: RFC 4291 text, RFC 4007 zones, the ipv6-literal.net form, prefixes; mutated strings against
 * inet_pton. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "../random.h"
#include "core/address/literal.h"

#define RANDOM_ROUNDS 300000

/* `expected` is "address" or "address zone-name"; NULL where the text must be refused. */
static const struct {
    const char *text, *expected;
} literals[] = {
    /* RFC 4291 section 2.2 */
    {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
    {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
    {"2001:DB8::8:800:200C:417A", "2001:db8::8:800:200c:417a"},
    {"FF01::101", "ff01::101"},
    {"0:0:0:0:0:0:0:1", "::1"},
    {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
    {"::13.1.68.3", "::d01:4403"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    /* what an IPv4-only program means by them */
    {"::", "0.0.0.0"},
    {"0:0:0:0:0:0:0:0", "0.0.0.0"},
    {"[::]", "0.0.0.0"},
    {"::ffff:0.0.0.0", "0.0.0.0"},
    {"::FFFF:129.144.52.38", "129.144.52.38"},
    {"0:0:0:0:0:ffff:c000:201", "192.0.2.1"},
    /* RFC 4007 section 11 */
    {"fe80::1234%1", "fe80::1234%1"},
    {"ff02::5678%5", "ff02::5678%5"},
    {"fe80::1234%ne0", "fe80::1234 ne0"},
    {"ff02::5678%pvc1.3", "ff02::5678 pvc1.3"},
    {"ff02::9abc%interface10", "ff02::9abc interface10"},
    {"fe80::1%0", "fe80::1"},
    {"fe80::1%4294967295", "fe80::1%4294967295"},
    {"fe80::1%000000000000004", "fe80::1%4"},
    {"fe80::1%wlp0s20f3abcde", "fe80::1 wlp0s20f3abcde"},
    {"fe80::1%fifteen_letters", "fe80::1 fifteen_letters"},
    {"fe80::1%1a", "fe80::1 1a"},
    {"FE80::1%Eth0", "fe80::1 Eth0"},
    {"[fe80::1%eth0]", "fe80::1 eth0"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"fe80::1%4294967296", NULL},
    {"fe80::1%0000000000000004", NULL},
    {"fe80::1%sixteen_letters_", NULL},
    {"fe80::1%", NULL},
    {"fe80::1%%3", NULL},
    {"fe80::1%eth0%1", NULL},
    {"fe80::1%eth 0", NULL},
    {"fe80::1%eth/0", NULL},
    {"fe80::1%eth:0", NULL},
    {"fe80::1%eth\n", NULL},
    {"fe80::1%-1 ", NULL},
    {"%eth0", NULL},
    {"[fe80::1]%eth0", NULL},
    {"2001:db8::1%eth0", NULL},
    {"::1%1", NULL},
    {"::%1", NULL},
    {"::ffff:169.254.1.1%1", NULL},
    {"ff05::2%1", NULL},
    /* ipv6-literal.net */
    {"2001-db8--1.ipv6-literal.net", "2001:db8::1"},
    {"2001-DB8-28-3-F98A-5B31-67B7-67EF.IPv6-Literal.NET", "2001:db8:28:3:f98a:5b31:67b7:67ef"},
    {"2001-db8--1.ipv6-literal.net.", "2001:db8::1"},
    {"2001-DB8--1.IPV6-LITERAL.NET", "2001:db8::1"},
    {"fe80--1s4.ipv6-literal.net", "fe80::1%4"},
    {"FE80--1S4.ipv6-literal.net", "fe80::1%4"},
    {"fe80--1seth0.ipv6-literal.net", "fe80::1 eth0"},
    {"fe80--1sens3.100.ipv6-literal.net", "fe80::1 ens3.100"},
    {"--1.ipv6-literal.net", "::1"},
    {"--.ipv6-literal.net", "0.0.0.0"},
    {"0--0.ipv6-literal.net", "0.0.0.0"},
    {"--ffff-c000-201.ipv6-literal.net", "192.0.2.1"},
    {"2001:db8--1.ipv6-literal.net", NULL},
    {"--ffff-192.0.2.1.ipv6-literal.net", NULL},
    {"2001-db8---1.ipv6-literal.net", NULL},
    {"2001-db8--1s4.ipv6-literal.net", NULL},
    {"fe80--1s.ipv6-literal.net", NULL},
    {"fe80--1s4.ipv6-literal.net..", NULL},
    {"fe80--1%4.ipv6-literal.net", NULL},
    {"[fe80--1s4.ipv6-literal.net]", NULL},
    {"www.ipv6-literal.net", NULL},
    {".ipv6-literal.net", NULL},
    {"ipv6-literal.net", NULL},
    {"2001-db8--1.ipv6-literal.net.example", NULL},
    {"2001-db8--1.ipv6-literal.com", NULL},
    {"2001-db8--1xipv6-literal.net", NULL},
    {"2001-db8--1.ipv6\rliteral.net", NULL},
    {"2001-db8--1", NULL},
    {"11111111111111111111111111111111111111111111111111111111.ipv6-literal.net", NULL},
    /* nothing else */
    {NULL, NULL},
    {"", NULL},
    {".", NULL},
    {":", NULL},
    {":::", NULL},
    {"[", NULL},
    {"[]", NULL},
    {"[::1", NULL},
    {"::1]", NULL},
    {"[[::1]]", NULL},
    {"[192.0.2.1]", NULL},
    {"192.0.2.1", NULL},
    {"1", NULL},
    {"localhost", NULL},
    {"fe80", NULL},
    {" ::1", NULL},
    {"::1 ", NULL},
    {"::1.", NULL},
    {"::1/128", NULL},
    {"1::2::3", NULL},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1:2:3:4:5:6:7:8::", NULL},
    {"12345::", NULL},
    {"g::", NULL},
    {"::256.0.0.1", NULL},
    {"::01.2.3.4", NULL},
    {"::1.2.3", NULL},
    {"1:2:3:4:5:6:7:1.2.3.4", NULL},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
};

static const char *described(const struct literal *literal, char *text)
{
    address_print(&literal->address, text);
    if (literal->zone[0] != '\0') {
        strcat(text, " ");
        strcat(text, literal->zone);
    }
    return text;
}

static void test_literals(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof literals / sizeof literals[0]; row++) {
        struct literal literal, untouched;
        char text[ADDRESS_TEXT_SIZE + LITERAL_ZONE_SIZE];
        memset(&untouched, 0xa5, sizeof untouched);
        literal = untouched;
        bool read = literal_parse(literals[row].text, &literal);
        if (read != (literals[row].expected != NULL))
            fail_msg("\"%s\" was %s", literals[row].text, read ? described(&literal, text) : "refused");
        if (read)
            assert_string_equal(described(&literal, text), literals[row].expected);
        else
            assert_memory_equal(&literal, &untouched, sizeof literal);
    }
}

static void test_ipv4(void **state)
{
    (void)state;
    const char *const refused[] = {"",         "1",        "1.2.3",     "1.2.3.4.",  "1.2.3.4 ",
                                   " 1.2.3.4", "01.2.3.4", "0x1.2.3.4", "1.2.3.256", "1.2.3.4.5",
                                   "1..3.4",   "::1",      "-1.2.3.4",  "1.2.3.4/8"};
    struct in_addr ipv4 = {.s_addr = 42};
    for (size_t index = 0; index < sizeof refused / sizeof refused[0]; index++)
        assert_false(literal_parse_ipv4(refused[index], &ipv4));
    assert_false(literal_parse_ipv4(NULL, &ipv4));
    assert_int_equal(ipv4.s_addr, 42);
    assert_true(literal_parse_ipv4("192.0.2.255", &ipv4));
    assert_int_equal(ipv4.s_addr, htonl(0xc00002ff));
}

static const struct {
    const char *text, *expected;
    unsigned length;
} prefixes[] = {
    {"240.64.0.0/10", "240.64.0.0", 10},
    {"0.0.0.0/0", "0.0.0.0", 0},
    {"192.0.2.1", "192.0.2.1", 32},
    {"192.0.2.1/32", "192.0.2.1", 32},
    {"192.0.2.2/31", "192.0.2.2", 31},
    {"128.0.0.0/1", "128.0.0.0", 1},
    {"64:ff9b::/96", "64:ff9b::", 96},
    {"::/0", "::", 0},
    {"::ffff:0:0/96", "::ffff:0.0.0.0", 96},
    {"::1", "::1", 128},
    {"fc00::/7", "fc00::", 7},
    {"2001:db8:122:300::/56", "2001:db8:122:300::", 56},
    {"192.0.2.1/31", NULL, 0},
    {"240.64.0.0/9", NULL, 0},
    {"64:ff9b::1/96", NULL, 0},
    {"::1/127", NULL, 0},
    {"8000::/0", NULL, 0},
    {"192.0.2.0/33", NULL, 0},
    {"::/129", NULL, 0},
    {"::/4294967296", NULL, 0},
    {"::/18446744073709551616", NULL, 0},
    {"::/", NULL, 0},
    {"/8", NULL, 0},
    {"", NULL, 0},
    {"::/-1", NULL, 0},
    {"::/+1", NULL, 0},
    {"::/1x", NULL, 0},
    {"::/ 1", NULL, 0},
    {"::/0/0", NULL, 0},
    {"fe80::%eth0/64", NULL, 0},
    {"[::]/0", NULL, 0},
    {"10/8", NULL, 0},
    {"10.0.0.0/255.0.0.0", NULL, 0},
    {NULL, NULL, 0},
};

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof prefixes / sizeof prefixes[0]; row++) {
        struct ip_address prefix = {.family = AF_UNIX};
        unsigned length = 999;
        char text[ADDRESS_TEXT_SIZE];
        bool read = literal_parse_prefix(prefixes[row].text, &prefix, &length);
        if (read != (prefixes[row].expected != NULL))
            fail_msg("\"%s\" was %s", prefixes[row].text, read ? "accepted" : "refused");
        if (read)
            assert_string_equal(address_print(&prefix, text), prefixes[row].expected);
        assert_int_equal(length, read ? prefixes[row].length : 999);
        assert_true(read || prefix.family == AF_UNIX);
    }
}

/* A prefix is refused exactly where a bit is set behind it. */
static void test_prefix_of_every_length(void **state)
{
    (void)state;
    for (unsigned last_bit = 0; last_bit < 128; last_bit++) {
        struct in6_addr ipv6 = {{{0}}};
        ipv6.s6_addr[last_bit / 8] = (uint8_t)(0x80 >> last_bit % 8);
        for (unsigned length = 0; length <= 128; length++) {
            char text[INET6_ADDRSTRLEN + 4];
            struct ip_address prefix;
            unsigned found;
            inet_ntop(AF_INET6, &ipv6, text, sizeof text);
            size_t end = strlen(text);
            text[end++] = '/';
            text[end++] = (char)('0' + length / 100);
            text[end++] = (char)('0' + length / 10 % 10);
            text[end++] = (char)('0' + length % 10);
            text[end] = '\0';
            assert_int_equal(literal_parse_prefix(text, &prefix, &found), length > last_bit);
        }
    }
}

static void mutate(char *text, size_t size)
{
    static const char alphabet[] = "0123456789abcdefABCDEF::::....%[]-sgx/ ";
    for (unsigned changes = random_below(4); changes > 0; changes--) {
        size_t length = strlen(text), place = random_below((uint32_t)length + 1);
        char character = alphabet[random_below(sizeof alphabet - 1)];
        unsigned kind = random_below(3);
        if (kind == 0 && length + 2 < size) {
            memmove(text + place + 1, text + place, length - place + 1);
            text[place] = character;
        } else if (kind == 1 && place < length) {
            memmove(text + place, text + place + 1, length - place);
        } else if (place < length) {
            text[place] = character;
        }
    }
}

static void test_mutated_text_agrees_with_inet_pton(void **state)
{
    (void)state;
    static const char *const seeds[] = {"2001:db8::1",
                                        "::ffff:192.0.2.1",
                                        "1:2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:1.2.3.4",
                                        "::",
                                        "fe80::1",
                                        "192.0.2.1",
                                        "255.255.255.255",
                                        "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789"};
    unsigned accepted = 0, refused = 0;
    for (unsigned round = 0; round < RANDOM_ROUNDS; round++) {
        char text[80];
        strcpy(text, seeds[random_below(sizeof seeds / sizeof seeds[0])]);
        mutate(text, sizeof text);
        struct literal literal;
        struct in6_addr ipv6;
        struct in_addr ipv4, found;
        bool read = literal_parse(text, &literal);
        bool valid = inet_pton(AF_INET6, text, &ipv6) == 1;
        if (strpbrk(text, "%[]") == NULL && read != valid)
            fail_msg("\"%s\": inet_pton says %d", text, valid);
        if (valid) {
            struct ip_address expected = address_ipv6(&ipv6, 0);
            expected = address_unmap(&expected);
            if (IN6_IS_ADDR_UNSPECIFIED(&ipv6))
                expected = address_ipv4((struct in_addr){0});
            assert_true(address_equal(&literal.address, &expected));
            assert_string_equal(literal.zone, "");
        }
        assert_int_equal(literal_parse_ipv4(text, &found), inet_pton(AF_INET, text, &ipv4) == 1);
        accepted += read;
        refused += !read;
    }
    assert_true(accepted > RANDOM_ROUNDS / 10 && refused > RANDOM_ROUNDS / 10);
}

static void test_errno_is_left_alone(void **state)
{
    (void)state;
    struct literal literal;
    errno = ENOTTY;
    for (size_t row = 0; row < sizeof literals / sizeof literals[0]; row++)
        (void)literal_parse(literals[row].text, &literal);
    assert_int_equal(errno, ENOTTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_prefix_of_every_length),
        cmocka_unit_test(test_mutated_text_agrees_with_inet_pton),
        cmocka_unit_test(test_errno_is_left_alone),
    };
    return cmocka_run_group_tests_name("literal", tests, NULL, NULL);
}
