/* core/dns: answers of name servers, and those that the program gets in their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "../parsed.h"
#include "built_message.h"
#include "core/dns/dns_rewrite.h"

#define RECURSE 0x0100
#define ANSWER  0x8180 /* QR, RD, RA */
#define AD      0x0020

static struct built question, ipv4_answer, ipv6_answer, wanted;
static struct dns_query query;
static struct dns_reply ipv4, ipv6;
static struct dns_alias aliases[40];
static size_t alias_count;
static uint8_t result[DNS_TCP_MAX];

static void ask(const char *name, unsigned type, unsigned edns_size)
{
    begin(&question, RECURSE, name, type, 0, 0, edns_size > 0);
    if (edns_size > 0)
        add_edns(&question, edns_size, 0, "", 0);
    assert_int_not_equal(dns_query_read(question.bytes, question.length, &query), DNS_PASS);
}

static bool read_answer(const struct built *built, unsigned type, struct dns_reply *reply)
{
    struct dns_question asked = query.question;
    asked.type = (uint16_t)type;
    return dns_reply_read(built->bytes, built->length, 0x1234, &asked, reply);
}

/* Reads both answers; the aliases are 240.64.0.1 and so on. */
static void read_both(void)
{
    struct dns_address addresses[40];
    assert_true(read_answer(&ipv4_answer, DNS_TYPE_A, &ipv4));
    assert_true(read_answer(&ipv6_answer, DNS_TYPE_AAAA, &ipv6));
    alias_count = dns_reply_addresses(&ipv6, addresses, 40);
    for (size_t i = 0; i < alias_count; i++)
        aliases[i] = (struct dns_alias){{htonl(0xf0400001 + (uint32_t)i)}, addresses[i].ttl_s};
}

static size_t rewrite(size_t room)
{
    return dns_rewrite_addresses(&query, &ipv4, &ipv6, aliases, alias_count, result, room);
}

static void expect(size_t length)
{
    if (length == wanted.length && memcmp(result, wanted.bytes, length) == 0)
        return;
    for (size_t i = 0; i < length || i < wanted.length; i++)
        printf("%3zu: %02x %02x\n", i, i < length ? result[i] : 0, i < wanted.length ? wanted.bytes[i] : 0);
    fail_msg("%zu bytes, where %zu were to be", length, wanted.length);
}

static void test_both_families(void **state)
{
    (void)state;
    ask("wWw.example.com", DNS_TYPE_A, 0);
    begin(&ipv4_answer, ANSWER | AD, "www.example.com", DNS_TYPE_A, 2, 1, 1);
    add_address(&ipv4_answer, NULL, 300, "192.0.2.1");
    add_address(&ipv4_answer, "www.EXAMPLE.com", 200, "192.0.2.2");
    add_named(&ipv4_answer, "example.com", 2, 9, "ns.example.com");
    add_address(&ipv4_answer, "ns.example.com", 9, "192.0.2.9");
    begin(&ipv6_answer, ANSWER, "www.example.com", DNS_TYPE_AAAA, 2, 0, 0);
    add_address(&ipv6_answer, NULL, 60, "2001:db8::1");
    add_address(&ipv6_answer, NULL, 0x80000000, "2001:db8::2");
    read_both();
    assert_int_equal(ipv4.count, 2);
    assert_int_equal(alias_count, 2);
    assert_true(dns_rewrite_is_due(&ipv4));

    begin(&wanted, ANSWER, "wWw.example.com", DNS_TYPE_A, 4, 0, 0);
    add_address(&wanted, NULL, 300, "192.0.2.1");
    add_address(&wanted, NULL, 200, "192.0.2.2");
    add_address(&wanted, NULL, 60, "240.64.0.1");
    add_address(&wanted, NULL, 0, "240.64.0.2");
    expect(rewrite(512));
    assert_int_equal(rewrite(511), 0);
}

/* Where the IPv4 addresses have a chain, the aliases stand at its end, for no longer. */
static void test_both_families_by_a_chain(void **state)
{
    (void)state;
    ask("a.example", DNS_TYPE_A, 0);
    begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, 2, 0, 0);
    add_named(&ipv4_answer, NULL, DNS_TYPE_CNAME, 30, "b.example");
    add_address(&ipv4_answer, "b.example", 300, "192.0.2.1");
    begin(&ipv6_answer, ANSWER, "a.example", DNS_TYPE_AAAA, 1, 0, 0);
    add_address(&ipv6_answer, NULL, 60, "2001:db8::1");
    read_both();
    begin(&wanted, ANSWER, "a.example", DNS_TYPE_A, 3, 0, 0);
    add_named(&wanted, NULL, DNS_TYPE_CNAME, 30, "b.example");
    add(&wanted, "\300\47", 2);
    add_data(&wanted, DNS_TYPE_A, 300, "\300\0\2\1", 4);
    add(&wanted, "\300\47", 2);
    add_data(&wanted, DNS_TYPE_A, 30, "\360\100\0\1", 4);
    expect(rewrite(512));
}

/* The name has no IPv4 address: what it stands for is told by the answer for AAAA. */
static void test_ipv6_alone_by_a_chain(void **state)
{
    (void)state;
    struct dns_address address;
    ask("a.example", DNS_TYPE_A, 0);
    begin(&ipv4_answer, 0x8583, "a.example", DNS_TYPE_A, 0, 0, 0); /* authoritative: no such name */
    begin(&ipv6_answer, ANSWER, "a.example", DNS_TYPE_AAAA, 5, 0, 0);
    add_address(&ipv6_answer, "c.example", 500, "2001:db8::1"); /* in whatever order */
    add_named(&ipv6_answer, "b.example", DNS_TYPE_CNAME, 100, "c.example");
    add_named(&ipv6_answer, NULL, DNS_TYPE_CNAME, 400, "B.example");
    add_address(&ipv6_answer, "other.example", 500, "2001:db8::2");
    add_owner(&ipv6_answer, "c.example");
    add_data(&ipv6_answer, DNS_TYPE_AAAA, 500, "short", 5);
    read_both();
    assert_true(dns_rewrite_is_due(&ipv4));
    assert_int_equal(ipv6.links, 2);
    assert_int_equal(ipv6.count, 1);
    assert_int_equal(dns_reply_addresses(&ipv6, &address, 1), 1);
    assert_int_equal(address.ttl_s, 100); /* no longer than the chain */

    begin(&wanted, 0x8580, "a.example", DNS_TYPE_A, 3, 0, 0);
    add_named(&wanted, NULL, DNS_TYPE_CNAME, 400, "B.example");
    add(&wanted, "\300\47", 2);
    add_data(&wanted, DNS_TYPE_CNAME, 100, "\1c\7example", 11);
    add(&wanted, "\300\76", 2);
    add_data(&wanted, DNS_TYPE_A, 100, "\360\100\0\1", 4);
    expect(rewrite(512));
    /* The same where the program's own question got no answer at all. */
    memcpy(wanted.bytes + 2, "\x81\x80", 2);
    expect(dns_rewrite_addresses(&query, NULL, &ipv6, aliases, alias_count, result, 512));
}

static void test_options(void **state)
{
    (void)state;
    char long_options[200] = {0, 12, 0, (char)196};
    for (unsigned is_long = 0; is_long < 2; is_long++) {
        ask("a.example", DNS_TYPE_A, 600);
        begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, 0, 0, 1);
        add_edns(&ipv4_answer, 1232, 0, is_long ? long_options : "\0\12\0\1x", is_long ? sizeof long_options : 5);
        begin(&ipv6_answer, ANSWER, "a.example", DNS_TYPE_AAAA, 1, 0, 0);
        add_address(&ipv6_answer, NULL, 60, "2001:db8::1");
        read_both();
        begin(&wanted, ANSWER, "a.example", DNS_TYPE_A, 1, 0, 1);
        add_address(&wanted, NULL, 60, "240.64.0.1");
        add_edns(&wanted, 1232, 0, "\0\12\0\1x", is_long ? 0 : 5);
        expect(rewrite(dns_query_room(&query, false)));
    }
    ask("a.example", DNS_TYPE_A, 0); /* one that sent no OPT gets none */
    begin(&wanted, ANSWER, "a.example", DNS_TYPE_A, 1, 0, 0);
    add_address(&wanted, NULL, 60, "240.64.0.1");
    expect(rewrite(dns_query_room(&query, false)));
}

static void test_what_does_not_fit(void **state)
{
    (void)state;
    static const size_t before = 27; /* header and question */
    ask("a.example", DNS_TYPE_A, 0);
    begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, 1, 0, 0);
    add_address(&ipv4_answer, NULL, 60, "192.0.2.1");
    begin(&ipv6_answer, ANSWER, "a.example", DNS_TYPE_AAAA, 40, 0, 0);
    for (unsigned i = 0; i < 40; i++)
        add_address(&ipv6_answer, NULL, 60, "2001:db8::1");
    read_both();
    assert_int_equal(alias_count, 40);
    assert_int_equal(rewrite(512), before + 30 * 16); /* whole records alone */
    assert_int_equal(dns_get_16(result + 2), ANSWER | DNS_FLAG_TRUNCATED);
    assert_int_equal(dns_get_16(result + 6), 30);
    assert_int_equal(rewrite(before + 41 * 16), before + 41 * 16);
    assert_int_equal(dns_get_16(result + 2), ANSWER);
    assert_int_equal(rewrite(before + 41 * 16 - 1), before + 40 * 16);
    assert_int_equal(dns_get_16(result + 2), ANSWER | DNS_FLAG_TRUNCATED);
}

static void test_what_stays_as_it_is(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        uint32_t edns_flags;
        bool due;
    } cases[] = {
        {ANSWER, 0, true},      {ANSWER | 2, 0, true},        {ANSWER | 3, 0, true},
        {ANSWER | 5, 0, false}, {ANSWER | 1, 0, false},       {ANSWER | DNS_FLAG_TRUNCATED, 0, false},
        {ANSWER | 4, 0, false}, {ANSWER, 0x01000000u, false}, /* BADVERS */
    };
    ask("a.example", DNS_TYPE_A, 1232);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&ipv4_answer, cases[i].flags, "a.example", DNS_TYPE_A, 0, 0, 1);
        add_edns(&ipv4_answer, 1232, cases[i].edns_flags, "", 0);
        assert_true(read_answer(&ipv4_answer, DNS_TYPE_A, &ipv4));
        assert_int_equal(dns_rewrite_is_due(&ipv4), cases[i].due);
    }
    assert_true(dns_rewrite_is_due(NULL));
}

static void begin_good_answer(void)
{
    begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, 2, 0, 0);
    add_address(&ipv4_answer, NULL, 60, "192.0.2.1");
    add_address(&ipv4_answer, NULL, 60, "192.0.2.2");
}

/* A good answer with one byte that is wrong, or cut. */
static void test_what_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 0}, {1, 0}, {2, 0x01}, {2, 0xa1}, {5, 2}, {5, 0}, {7, 3}, {9, 1}, {11, 1}, {13, 'x'}, {24, 28}, {26, 3},
    };
    struct dns_reply reply;
    ask("a.example", DNS_TYPE_A, 0);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        begin_good_answer();
        assert_true(read_answer(&ipv4_answer, DNS_TYPE_A, &reply));
        ipv4_answer.bytes[changes[i].at] = changes[i].value;
        assert_false(read_answer(&ipv4_answer, DNS_TYPE_A, &reply));
    }
    begin_good_answer();
    for (size_t length = 0; length < ipv4_answer.length; length++) {
        uint8_t *cut = malloc(length + 1);
        assert_non_null(cut);
        memcpy(cut + 1, ipv4_answer.bytes, length);
        assert_false(dns_reply_read(cut + 1, length, 0x1234, &query.question, &reply));
        free(cut);
    }
}

static void test_chains_without_end(void **state)
{
    (void)state;
    char owner[32], target[32];
    ask("a.example", DNS_TYPE_A, 0);
    begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, 2, 0, 0);
    add_named(&ipv4_answer, NULL, DNS_TYPE_CNAME, 60, "b.example");
    add_named(&ipv4_answer, "b.example", DNS_TYPE_CNAME, 60, "A.example");
    assert_false(read_answer(&ipv4_answer, DNS_TYPE_A, &ipv4));
    for (unsigned links = DNS_LINKS_MAX; links <= DNS_LINKS_MAX + 1; links++) {
        begin(&ipv4_answer, ANSWER, "a.example", DNS_TYPE_A, links, 0, 0);
        for (unsigned i = 0; i < links; i++) {
            snprintf(owner, sizeof owner, "c%u.example", i);
            snprintf(target, sizeof target, "c%u.example", i + 1);
            add_named(&ipv4_answer, i == 0 ? NULL : owner, DNS_TYPE_CNAME, 60, target);
        }
        assert_int_equal(read_answer(&ipv4_answer, DNS_TYPE_A, &ipv4), links == DNS_LINKS_MAX);
    }
}

static void test_names_of_aliases(void **state)
{
    (void)state;
    static const char reverse[] = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    static struct built answer;
    struct ip_address address = parsed("2001:db8::1");
    struct dns_question asked;
    struct dns_reply reply;
    uint8_t sent[DNS_NAME_QUERY_MAX];
    ask("1.0.64.240.in-addr.arpa", DNS_TYPE_PTR, 0);
    assert_int_not_equal(dns_query_for_name(&query, &address, 7, sent, sizeof sent, &asked), 0);
    begin(&answer, ANSWER | AD, reverse, DNS_TYPE_PTR, 3, 0, 0);
    add_named(&answer, NULL, DNS_TYPE_CNAME, 50, "1.net.example");
    add_named(&answer, "1.net.example", DNS_TYPE_PTR, 500, "www.example");
    add_named(&answer, "1.net.example", DNS_TYPE_PTR, 20, "ftp.example");
    memcpy(answer.bytes, "\0\7", 2);
    assert_true(dns_reply_read(answer.bytes, answer.length, 7, &asked, &reply));
    begin(&wanted, ANSWER, "1.0.64.240.in-addr.arpa", DNS_TYPE_PTR, 2, 0, 0);
    add_named(&wanted, NULL, DNS_TYPE_PTR, 50, "www.example");
    add_named(&wanted, NULL, DNS_TYPE_PTR, 20, "ftp.example");
    expect(dns_rewrite_name(&query, &reply, result, 512));

    begin(&answer, ANSWER | DNS_CODE_NO_NAME, reverse, DNS_TYPE_PTR, 0, 0, 0);
    memcpy(answer.bytes, "\0\7", 2);
    assert_true(dns_reply_read(answer.bytes, answer.length, 7, &asked, &reply));
    begin(&wanted, ANSWER | DNS_CODE_NO_NAME, "1.0.64.240.in-addr.arpa", DNS_TYPE_PTR, 0, 0, 0);
    expect(dns_rewrite_name(&query, &reply, result, 512));
    reply.truncated = true;
    wanted.bytes[2] |= DNS_FLAG_TRUNCATED >> 8;
    expect(dns_rewrite_name(&query, &reply, result, 512));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_families),         cmocka_unit_test(test_both_families_by_a_chain),
        cmocka_unit_test(test_ipv6_alone_by_a_chain), cmocka_unit_test(test_options),
        cmocka_unit_test(test_what_does_not_fit),     cmocka_unit_test(test_what_stays_as_it_is),
        cmocka_unit_test(test_what_is_no_answer),     cmocka_unit_test(test_chains_without_end),
        cmocka_unit_test(test_names_of_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
