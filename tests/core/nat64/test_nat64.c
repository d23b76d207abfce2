/* core/nat64/nat64: the tables of RFC 6052, the discovery of RFC 7050, and answers made to mislead it. */
#include "core/nat64/nat64.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "../parsed.h"
#include "../random.h"

#define ANSWERS_MAX   8
#define RANDOM_ROUNDS 20000

static struct in_addr dotted(const char *text)
{
    struct in_addr ipv4;
    assert_int_equal(inet_pton(AF_INET, text, &ipv4), 1);
    return ipv4;
}

static struct nat64_prefix prefix(const char *text, unsigned length)
{
    return (struct nat64_prefix){.address = parsed(text), .length = length};
}

static const struct {
    const char *prefix;
    unsigned length;
    const char *of_33, *of_170; /* 192.0.2.33 and 192.0.0.170 */
} embeddings[] = {
    {"2001:db8::", 32, "2001:db8:c000:221::", "2001:db8:c000:aa::"},
    {"2001:db8:100::", 40, "2001:db8:1c0:2:21::", "2001:db8:1c0:0:aa::"},
    {"2001:db8:122::", 48, "2001:db8:122:c000:2:2100::", "2001:db8:122:c000:0:aa00::"},
    {"2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::", "2001:db8:122:3c0:0:aa::"},
    {"2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::", "2001:db8:122:344:c0:0:aa00:0"},
    {"2001:db8:122:344::", 96, "2001:db8:122:344::c000:221", "2001:db8:122:344::c000:aa"},
    {"64:ff9b::", 96, "64:ff9b::c000:221", "64:ff9b::c000:aa"},
};

static void embeds_and_extracts_the_vectors(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof embeddings / sizeof embeddings[0]; index++) {
        struct nat64_prefix with = prefix(embeddings[index].prefix, embeddings[index].length);
        const char *texts[] = {embeddings[index].of_33, embeddings[index].of_170};
        const char *ipv4s[] = {"192.0.2.33", "192.0.0.170"};
        assert_null(nat64_prefix_fault(&with));
        for (unsigned which = 0; which < 2; which++) {
            struct ip_address expected = parsed(texts[which]), got = nat64_embed(&with, dotted(ipv4s[which]));
            struct in_addr back = {0};
            assert_true(address_equal(&got, &expected));
            assert_true(nat64_extract(&with, &expected, &back));
            assert_int_equal(back.s_addr, dotted(ipv4s[which]).s_addr);
        }
    }
}

static void ignores_a_suffix_but_not_the_reserved_octet(void **state)
{
    (void)state;
    struct nat64_prefix with = prefix("2001:db8:100::", 40);
    struct in_addr ipv4 = dotted("9.9.9.9");
    struct ip_address suffixed = parsed("2001:db8:1c0:2:21:ffff:1234:5678"),
                      reserved = parsed("2001:db8:1c0:2:121::"), outside = parsed("2001:db8:2c0:2:21::"),
                      other_family = parsed("192.0.2.33");
    assert_true(nat64_extract(&with, &suffixed, &ipv4));
    assert_int_equal(ipv4.s_addr, dotted("192.0.2.33").s_addr);
    ipv4 = dotted("9.9.9.9");
    assert_false(nat64_recover(&with, &suffixed, true, &ipv4)); /* what is embedded again is another address */
    assert_false(nat64_extract(&with, &reserved, &ipv4));
    assert_false(nat64_extract(&with, &outside, &ipv4));
    assert_false(nat64_extract(&with, &other_family, &ipv4));
    assert_int_equal(ipv4.s_addr, dotted("9.9.9.9").s_addr);
}

static void judges_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        unsigned length;
        const char *fault; /* a part of it */
    } cases[] = {
        {"64:ff9b::", 96, NULL},
        {"64:ff9b:1::", 48, NULL},
        {"64:ff9b:1::", 96, NULL},
        {"64:ff9b:1:abcd::", 96, NULL},
        {"64:ff9b:1:fffe::", 64, NULL},
        {"2001:db8::", 32, NULL},
        {"2001:67c:2b0:db32:0:1::", 96, NULL},
        {"fd00:64::", 96, NULL},
        {"64:ff9b::", 64, "only 64:ff9b::/96"},
        {"64:ff9b::", 48, "only 64:ff9b::/96"},
        {"64:ff9b::", 32, "only 64:ff9b::/96"},
        {"64:ff9b:2::", 96, "only 64:ff9b::/96"},
        {"64:ff9b:0:1::", 96, "only 64:ff9b::/96"},
        {"64:ff9b:1::", 40, "after the prefix"},
        {"2001:db8::", 95, "length must be"},
        {"2001:db8::", 0, "length must be"},
        {"2001:db8::", 128, "length must be"},
        {"2001:db8::1", 96, "after the prefix"},
        {"2001:db8:1::", 40, "after the prefix"},
        {"2001:db8:0:0:100::", 96, "bits 64 to 71"},
        {"64:ff9b:1:0:ff00::", 96, "bits 64 to 71"},
        {"::", 96, "lies in"},
        {"::ffff:0:0", 96, "lies in"},
        {"fe80::", 64, "lies in"},
        {"ff0e::", 32, "lies in"},
        {"fec0::", 64, "lies in"},
        {"4000::", 32, "lies in"},
        {"192.0.2.0", 32, "is an IPv6 prefix"},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct nat64_prefix judged = prefix(cases[index].address, cases[index].length);
        const char *fault = nat64_prefix_fault(&judged);
        if ((fault == NULL) != (cases[index].fault == NULL) ||
            (fault != NULL && strstr(fault, cases[index].fault) == NULL))
            fail_msg("%s/%u: %s", cases[index].address, cases[index].length, fault != NULL ? fault : "no fault");
    }
}

enum { EVERY, PRIVATE_NET, OWN_PREFIX, NONE }; /* through which prefixes it may go */
static const struct {
    const char *ipv4;
    int carried;
} carried_addresses[] = {
    {"0.0.0.0", NONE},
    {"0.1.2.3", NONE},
    {"127.0.0.1", NONE},
    {"127.255.255.255", NONE},
    {"169.254.1.1", NONE},
    {"224.0.0.1", NONE},
    {"239.255.255.255", NONE},
    {"240.64.0.1", NONE},
    {"255.255.255.255", NONE},
    {"192.0.0.1", NONE},
    {"192.0.0.7", NONE},
    {"192.0.0.170", NONE},
    {"192.0.0.171", NONE},
    {"10.0.0.1", PRIVATE_NET},
    {"172.16.0.1", PRIVATE_NET},
    {"172.31.255.255", PRIVATE_NET},
    {"192.168.1.1", PRIVATE_NET},
    {"100.64.0.1", PRIVATE_NET},
    {"100.127.255.255", PRIVATE_NET},
    {"192.0.0.8", OWN_PREFIX},
    {"192.0.0.169", OWN_PREFIX},
    {"192.0.0.172", OWN_PREFIX},
    {"192.0.2.33", OWN_PREFIX},
    {"198.18.0.1", OWN_PREFIX},
    {"198.19.255.255", OWN_PREFIX},
    {"198.51.100.1", OWN_PREFIX},
    {"203.0.113.1", OWN_PREFIX},
    {"192.88.99.1", OWN_PREFIX},
    {"1.0.0.1", EVERY},
    {"8.8.8.8", EVERY},
    {"11.0.0.1", EVERY},
    {"172.15.255.255", EVERY},
    {"172.32.0.1", EVERY},
    {"100.63.255.255", EVERY},
    {"100.128.0.1", EVERY},
    {"192.0.1.1", EVERY},
    {"198.17.255.255", EVERY},
    {"223.255.255.255", EVERY},
};

static void keeps_addresses_from_the_translator(void **state)
{
    (void)state;
    struct nat64_prefix well_known = prefix("64:ff9b::", 96), own = prefix("2001:db8:122::", 48),
                        local_use = prefix("64:ff9b:1::", 96);
    for (size_t index = 0; index < sizeof carried_addresses / sizeof carried_addresses[0]; index++) {
        struct in_addr ipv4 = dotted(carried_addresses[index].ipv4);
        int carried = carried_addresses[index].carried;
        bool through_own = carried == EVERY || carried == OWN_PREFIX;
        if (nat64_may_carry(&well_known, ipv4, false) != (carried == EVERY) ||
            nat64_may_carry(&well_known, ipv4, true) != (carried == EVERY) ||
            nat64_may_carry(&own, ipv4, false) != through_own ||
            nat64_may_carry(&local_use, ipv4, false) != through_own ||
            nat64_may_carry(&own, ipv4, true) != (through_own || carried == PRIVATE_NET) ||
            nat64_is_private(ipv4) != (carried == PRIVATE_NET))
            fail_msg("%s is carried wrongly", carried_addresses[index].ipv4);
    }
}

static void shows_no_trusted_address_out_of_a_prefix(void **state)
{
    (void)state;
    struct nat64_prefix well_known = prefix("64:ff9b::", 96), own = prefix("2001:db8:122::", 48);
    struct ip_address loopback = parsed("64:ff9b::7f00:1"), global = parsed("64:ff9b::808:808"), made;
    struct in_addr ipv4 = dotted("9.9.9.9");
    assert_false(nat64_recover(&well_known, &loopback, true, &ipv4));
    made = nat64_embed(&own, dotted("10.0.0.1"));
    assert_false(nat64_recover(&own, &made, false, &ipv4));
    assert_int_equal(ipv4.s_addr, dotted("9.9.9.9").s_addr);
    assert_true(nat64_recover(&own, &made, true, &ipv4));
    assert_int_equal(ipv4.s_addr, dotted("10.0.0.1").s_addr);
    assert_true(nat64_recover(&well_known, &global, false, &ipv4));
    assert_int_equal(ipv4.s_addr, dotted("8.8.8.8").s_addr);

    assert_true(nat64_synthesize(&well_known, dotted("8.8.8.8"), false, &made));
    assert_true(address_equal(&made, &global));
    assert_false(nat64_synthesize(&well_known, dotted("127.0.0.1"), true, &made));
    assert_true(address_equal(&made, &global));
}

static void finds_the_prefix_of_an_address(void **state)
{
    (void)state;
    struct nat64_prefix prefixes[] = {prefix("2001:db8::", 32), prefix("2001:db8:1:2::", 96),
                                      prefix("64:ff9b::", 96)};
    struct ip_address inner = parsed("2001:db8:1:2::a"), outer = parsed("2001:db8:2::"), none = parsed("2001:db9::");
    assert_ptr_equal(nat64_prefix_of(prefixes, 3, &inner), &prefixes[1]);
    assert_ptr_equal(nat64_prefix_of(prefixes, 3, &outer), &prefixes[0]);
    assert_null(nat64_prefix_of(prefixes, 3, &none));
    assert_null(nat64_prefix_of(NULL, 0, &none));
}

/* Answers and the prefixes that come of them; both end at the first NULL. */
static const struct {
    const char *name;
    const char *answers[ANSWERS_MAX];
    struct {
        const char *address;
        unsigned length;
    } found[ANSWERS_MAX];
} discoveries[] = {
    {"nothing", {NULL}, {{NULL, 0}}},
    {"the well-known prefix", {"64:ff9b::c000:aa", "64:ff9b::c000:ab"}, {{"64:ff9b::", 96}}},
    {"one answer is enough", {"64:ff9b::c000:ab"}, {{"64:ff9b::", 96}}},
    {"/32", {"2001:db8:c000:aa::", "2001:db8:c000:ab::"}, {{"2001:db8::", 32}}},
    {"/40", {"2001:db8:1c0:0:aa::"}, {{"2001:db8:100::", 40}}},
    {"/48", {"2001:db8:122:c000:0:aa00::"}, {{"2001:db8:122::", 48}}},
    {"/56", {"2001:db8:122:3c0:0:aa::"}, {{"2001:db8:122:300::", 56}}},
    {"/64", {"2001:db8:122:344:c0:0:aa00:0"}, {{"2001:db8:122:344::", 64}}},
    {"/96", {"2001:db8:122:344::c000:aa"}, {{"2001:db8:122:344::", 96}}},
    {"a suffix", {"2001:db8:c000:aa::1:2:3"}, {{"2001:db8::", 32}}},
    {"several, in the order received",
     {"2001:db8:122:344::c000:aa", "64:ff9b::c000:aa", "2001:db8:122:344::c000:ab", "fd00:64::c000:ab",
      "64:ff9b::c000:ab"},
     {{"2001:db8:122:344::", 96}, {"64:ff9b::", 96}, {"fd00:64::", 96}}},
    {"a captive portal", {"2001:db8::80", "192.0.0.170"}, {{NULL, 0}}},
    {"portal and prefix", {"2001:db8::80", "64:ff9b::c000:aa"}, {{"64:ff9b::", 96}}},
    {"IPv4-mapped", {"::ffff:192.0.0.170"}, {{NULL, 0}}},
    {"IPv4-compatible", {"::192.0.0.170"}, {{NULL, 0}}},
    {"link-local", {"fe80::c000:aa"}, {{NULL, 0}}},
    {"multicast", {"ff0e::c000:aa"}, {{NULL, 0}}},
    {"well-known prefix, wrong length", {"64:ff9b:c000:aa::"}, {{NULL, 0}}},
    {"reserved octet not zero",
     {"2001:db8:122:344:1c0:0:aa00:0", "2001:db8:0:0:100:0:c000:aa", "2001:db8:122:c000:100:aa00::"},
     {{NULL, 0}}},
    {"not at one of the places", {"2001:db8:0:c000:aa::", "2001:db8::c0:0:aa"}, {{NULL, 0}}},
    {"not on an octet boundary", {"2001:db8::c:0:aa0"}, {{NULL, 0}}},
    {"twice: alone it says nothing", {"2001:db8:c000:aa::c000:aa"}, {{NULL, 0}}},
    {"twice: the other address tells",
     {"2001:db8:c000:aa::c000:aa", "2001:db8:c000:aa::c000:ab"},
     {{"2001:db8:c000:aa::", 96}}},
    {"twice, once off the places", {"2001:db8:c000:aa:0:c000:aa:0"}, {{NULL, 0}}},
    {"both in one answer, no second to tell", {"2001:db8:c000:aa::c000:ab"}, {{NULL, 0}}},
    {"both in one answer, .171 in the prefix",
     {"2001:db8:c000:ab::c000:aa", "2001:db8:c000:ab::c000:ab"},
     {{"2001:db8:c000:ab::", 96}}},
    {"the bad among the good", {"2001:db8:c000:aa::c000:aa", "64:ff9b::c000:ab"}, {{"64:ff9b::", 96}}},
};

static void discovers_prefixes(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof discoveries / sizeof discoveries[0]; index++) {
        struct ip_address answers[ANSWERS_MAX];
        struct nat64_prefix found[NAT64_PREFIXES_MAX];
        size_t count = 0, expected = 0;
        for (; count < ANSWERS_MAX && discoveries[index].answers[count] != NULL; count++)
            answers[count] = parsed(discoveries[index].answers[count]);
        while (expected < ANSWERS_MAX && discoveries[index].found[expected].address != NULL)
            expected++;
        size_t got = nat64_discover(answers, count, found, NAT64_PREFIXES_MAX);
        if (got != expected)
            fail_msg("%s: %zu prefixes", discoveries[index].name, got);
        for (size_t place = 0; place < got; place++) {
            struct nat64_prefix wanted =
                prefix(discoveries[index].found[place].address, discoveries[index].found[place].length);
            if (!nat64_prefix_equal(&found[place], &wanted))
                fail_msg("%s: prefix %zu is another", discoveries[index].name, place);
        }
    }
}

static void keeps_to_the_room_given(void **state)
{
    (void)state;
    struct ip_address answers[ANSWERS_MAX];
    struct nat64_prefix found[2], guard = prefix("2001:db8:ffff::", 96);
    for (unsigned index = 0; index < ANSWERS_MAX; index++) {
        answers[index] = parsed("2001:db8:5::c000:aa");
        answers[index].ipv6.s6_addr[7] = (uint8_t)index;
    }
    found[1] = guard;
    assert_int_equal(nat64_discover(answers, ANSWERS_MAX, found, 1), 1);
    assert_true(nat64_prefix_equal(&found[1], &guard));
    assert_int_equal(nat64_discover(answers, ANSWERS_MAX, found, 0), 0);
}

static struct nat64_prefix random_prefix(void)
{
    static const unsigned lengths[] = {32, 40, 48, 56, 64, 96};
    struct nat64_prefix made = prefix("2000::", lengths[random_below(6)]);
    for (unsigned byte = 1; byte < made.length / 8; byte++)
        made.address.ipv6.s6_addr[byte] = byte == 8 ? 0 : (uint8_t)random_below(256);
    return made;
}

static void takes_back_what_it_embedded(void **state)
{
    (void)state;
    for (unsigned round = 0; round < RANDOM_ROUNDS; round++) {
        struct nat64_prefix with = random_prefix(), found[NAT64_PREFIXES_MAX];
        struct in_addr ipv4 = {random_below(UINT32_MAX)}, back;
        assert_null(nat64_prefix_fault(&with));
        struct ip_address made = nat64_embed(&with, ipv4);
        assert_int_equal(made.ipv6.s6_addr[8], 0);
        assert_true(nat64_extract(&with, &made, &back));
        assert_int_equal(back.s_addr, ipv4.s_addr);

        struct ip_address answers[] = {nat64_embed(&with, dotted("192.0.0.171")),
                                       nat64_embed(&with, dotted("192.0.0.170"))};
        assert_int_equal(nat64_discover(answers, 2, found, NAT64_PREFIXES_MAX), 1);
        assert_true(nat64_prefix_equal(&found[0], &with));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embeds_and_extracts_the_vectors),
        cmocka_unit_test(ignores_a_suffix_but_not_the_reserved_octet),
        cmocka_unit_test(judges_prefixes),
        cmocka_unit_test(keeps_addresses_from_the_translator),
        cmocka_unit_test(shows_no_trusted_address_out_of_a_prefix),
        cmocka_unit_test(finds_the_prefix_of_an_address),
        cmocka_unit_test(discovers_prefixes),
        cmocka_unit_test(keeps_to_the_room_given),
        cmocka_unit_test(takes_back_what_it_embedded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
