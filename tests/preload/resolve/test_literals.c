/* Addresses as a person types them: gethostbyname(), inet_addr(), inet_aton(), inet_network(). */
#include "../support.h"

static void test_ipv6_text_was_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"2001:db8::1",
                                        "[2001:db8::1]",
                                        "2001:DB8:0:0::1",
                                        "2001-db8--1.ipv6-literal.net",
                                        "2001-DB8--1.IPv6-Literal.NET.",
                                        "2001:db8::0.0.0.1"};
    in_addr_t expected = alias_of("2001:db8::1").s_addr;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct in_addr address = {0};
        errno = NO_ERROR;
        assert_int_equal(inet_addr(texts[i]), expected);
        assert_int_equal(inet_aton(texts[i], &address), 1);
        assert_int_equal(address.s_addr, expected);
        assert_int_equal(inet_aton(texts[i], NULL), 1);
        assert_int_equal(ntohl(inet_network(texts[i])), expected);
        assert_int_equal(first_address(texts[i]).s_addr, expected);
        assert_int_equal(errno, NO_ERROR);
        assert_string_equal(gethostbyname(texts[i])->h_name, texts[i]);
    }
}

/* As libc takes "192.0.2.1\n" and "192.0.2.1 # the old one". */
static void test_text_with_a_line_end_was_refused(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", " ", "\t#", "\r\n", " and more"};
    in_addr_t expected = alias_of("2001:db8::1").s_addr;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char text[64];
        struct in_addr address = {0};
        snprintf(text, sizeof text, "2001:db8::1%s", ends[i]);
        assert_int_equal(inet_addr(text), expected);
        assert_int_equal(inet_aton(text, &address), 1);
        assert_int_equal(address.s_addr, expected);
        assert_int_equal(inet_network(text), INADDR_NONE);
        snprintf(text, sizeof text, "192.0.2.1%s", ends[i]); /* so does libc */
        assert_int_equal(inet_aton(text, &address), 1);
    }
}

static void test_special_addresses_became_aliases(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"::", "0.0.0.0"}, {"::1", "127.0.0.1"}, {"::ffff:192.0.2.7", "192.0.2.7"}, {"::ffff:c000:207", "192.0.2.7"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct in_addr address = {.s_addr = inet_addr(texts[i][0])};
        assert_string_equal(text_of(address), texts[i][1]);
        assert_string_equal(text_of(first_address(texts[i][0])), texts[i][1]);
    }
}

static void test_text_that_is_no_address_was_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        ":",
                                        ":::",
                                        "2001:db8",
                                        "2001:db8::1::2",
                                        "12345::",
                                        "[::1",
                                        "2001:db8::1]",
                                        " 2001:db8::1",
                                        "::1%",
                                        "::1%lo",
                                        "fe80::1%nowhere",
                                        "gggg::",
                                        "1.2.3.4::",
                                        "1.2.3.4.5",
                                        "2001:db8::1/64",
                                        "x.ipv6-literal.net",
                                        "one6.example"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct in_addr address = {.s_addr = 0x5a5a5a5a};
        if (inet_addr(texts[i]) != INADDR_NONE || inet_aton(texts[i], &address) != 0 ||
            inet_network(texts[i]) != INADDR_NONE)
            fail_msg("'%s' was taken for an address", texts[i]);
        assert_int_equal(address.s_addr, 0x5a5a5a5a);
    }
}

static void test_zone_was_lost(void **state)
{
    (void)state;
    struct in_addr here = {.s_addr = inet_addr("fe80::1%lo")}, by_number = {.s_addr = inet_addr("fe80::1%1")};
    struct in_addr there = {.s_addr = inet_addr("fe80::1%hole")},
                   literal = {.s_addr = inet_addr("fe80--1s1.ipv6-literal.net")};
    assert_true(is_alias(here) && is_alias(there));
    assert_int_equal(here.s_addr, by_number.s_addr); /* lo is 1 in every namespace */
    assert_int_equal(here.s_addr, literal.s_addr);
    assert_int_not_equal(here.s_addr, there.s_addr);
}

static void test_alias_did_not_print_as_ipv4(void **state)
{
    (void)state;
    struct in_addr alias = {.s_addr = inet_addr("2001:db8:1111:2222:3333:4444:5555:6666")};
    const char *text = inet_ntoa(alias);
    assert_true(strlen(text) < INET_ADDRSTRLEN);
    assert_int_equal(inet_addr(text), alias.s_addr);
}

static void test_broadcast_address_was_taken_for_ipv6(void **state)
{
    (void)state;
    struct in_addr address;
    assert_int_equal(inet_addr("255.255.255.255"), INADDR_NONE);
    assert_int_equal(inet_aton("255.255.255.255", &address), 1);
    assert_int_equal(address.s_addr, INADDR_NONE);
}

/* Programs tell IPv6 text by inet_pton(); those that do are told the truth. */
static void test_inet_pton_gave_aliases(void **state)
{
    (void)state;
    struct in6_addr ipv6;
    struct in_addr ipv4;
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(inet_pton(AF_INET, "2001:db8::1", &ipv4), 0);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &ipv6), 1);
    assert_string_equal(inet_ntop(AF_INET6, &ipv6, text, sizeof text), "2001:db8::1");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv6_text_was_refused),
        cmocka_unit_test(test_text_with_a_line_end_was_refused),
        cmocka_unit_test(test_special_addresses_became_aliases),
        cmocka_unit_test(test_text_that_is_no_address_was_taken),
        cmocka_unit_test(test_zone_was_lost),
        cmocka_unit_test(test_alias_did_not_print_as_ipv4),
        cmocka_unit_test(test_broadcast_address_was_taken_for_ipv6),
        cmocka_unit_test(test_inet_pton_gave_aliases),
    };
    return SUPPORT_MAIN(NULL, tests);
}
