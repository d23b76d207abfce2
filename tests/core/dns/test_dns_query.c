/* core/dns: which questions of a program concern us, and what is asked in their stead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../parsed.h"
#include "built_message.h"
#include "core/dns/dns_query.h"

#define RECURSE 0x0100

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct built built;

/* From an allocation of just that size. */
static enum dns_task read_cut(size_t length, struct dns_query *query)
{
    uint8_t *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy + 1, built.bytes, length);
    enum dns_task task = dns_query_read(copy + 1, length, query);
    assert_int_equal(task, query->task);
    free(copy);
    return task;
}

static void test_addresses(void **state)
{
    (void)state;
    struct dns_query query;
    begin(&built, RECURSE, "wWw.Example.com", DNS_TYPE_A, 0, 0, 0);
    assert_int_equal(read_cut(built.length, &query), DNS_WANTS_ADDRESSES);
    assert_int_equal(query.id, 0x1234);
    assert_memory_equal(query.question.name.bytes, "\3wWw\7Example\3com", 17);
    assert_false(query.has_edns);
    assert_int_equal(dns_query_room(&query, false), 512);
    assert_int_equal(dns_query_room(&query, true), 65535);
    for (size_t length = 0; length < built.length; length++)
        assert_int_equal(read_cut(length, &query), DNS_PASS);
    add(&built, "", 1);
    assert_int_equal(read_cut(built.length, &query), DNS_PASS); /* more than the header says */
}

static void test_edns(void **state)
{
    (void)state;
    static const struct {
        unsigned udp_size;
        uint32_t flags;
        enum dns_task task;
        size_t room;
    } cases[] = {
        {1232, 0, DNS_WANTS_ADDRESSES, 1232}, {65535, 0, DNS_WANTS_ADDRESSES, 65535},
        {511, 0, DNS_WANTS_ADDRESSES, 512},   {0, 0, DNS_WANTS_ADDRESSES, 512},
        {1232, 0x8000, DNS_PASS, 0},  /* DO */
        {1232, 0x10000, DNS_PASS, 0}, /* version 1 */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dns_query query;
        begin(&built, RECURSE, "example.com", DNS_TYPE_A, 0, 0, 1);
        add_edns(&built, cases[i].udp_size, cases[i].flags, "\0\12\0\10cookie!!", 12);
        assert_int_equal(read_cut(built.length, &query), cases[i].task);
        if (cases[i].task == DNS_PASS)
            continue;
        assert_true(query.has_edns);
        assert_int_equal(dns_query_room(&query, false), cases[i].room);
        for (size_t length = 0; length < built.length; length++)
            assert_int_equal(read_cut(length, &query), DNS_PASS);
    }
}

/* Another kind of message, type, class, count, record, or no recursion wanted. */
static void test_what_passes(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {2, 0x81}, {2, 0x29}, {2, 0x00}, {5, 0},   {5, 2},  {7, 1},     {9, 1},
        {11, 2},   {26, 28},  {26, 255}, {26, 15}, {28, 3}, {12, 0x80}, {12, 0xc0},
    };
    struct dns_query query;
    for (size_t i = 0; i < COUNT(changes); i++) {
        begin(&built, RECURSE, "example.com", DNS_TYPE_A, 0, 0, 0);
        assert_int_equal(built.length, 29);
        assert_int_equal(read_cut(built.length, &query), DNS_WANTS_ADDRESSES);
        built.bytes[changes[i].at] = changes[i].value;
        assert_int_equal(read_cut(built.length, &query), DNS_PASS);
    }
    begin(&built, RECURSE, "example.com", DNS_TYPE_A, 0, 0, 1);
    add(&built, "", 1);
    add_data(&built, 250, 0, "", 0); /* TSIG */
    assert_int_equal(read_cut(built.length, &query), DNS_PASS);
    begin(&built, RECURSE, "example.com", DNS_TYPE_A, 0, 0, 1);
    add(&built, QUESTION_POINTER, 2); /* OPT of a name */
    add_data(&built, DNS_TYPE_OPT, 0, "", 0);
    assert_int_equal(read_cut(built.length, &query), DNS_PASS);
}

static void test_reverse(void **state)
{
    (void)state;
    static const struct {
        const char *name, *address; /* NULL: it passes */
    } cases[] = {
        {"1.2.0.192.in-addr.arpa", "192.0.2.1"},
        {"255.0.64.240.IN-Addr.ARPA", "240.64.0.255"},
        {"256.0.64.240.in-addr.arpa", NULL},
        {"01.0.64.240.in-addr.arpa", NULL},
        {"1.1.0.64.240.in-addr.arpa", NULL},
        {"0.64.240.in-addr.arpa", NULL},
        {"a.0.64.240.in-addr.arpa", NULL},
        {"1.0.64.240.in-addr.arpa.example", NULL},
        {"1.0.64.240", NULL},
        {"1.0.64", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dns_query query;
        begin(&built, RECURSE, cases[i].name, DNS_TYPE_PTR, 0, 0, 0);
        assert_int_equal(read_cut(built.length, &query), cases[i].address != NULL ? DNS_WANTS_NAME : DNS_PASS);
        if (cases[i].address != NULL) {
            struct ip_address address = parsed(cases[i].address);
            assert_int_equal(query.address.s_addr, address.ipv4.s_addr);
        }
    }
}

static void test_question_for_aaaa(void **state)
{
    (void)state;
    struct dns_query query;
    struct dns_question question;
    uint8_t result[128];
    begin(&built, RECURSE, "eXample.com", DNS_TYPE_A, 0, 0, 1);
    add_edns(&built, 1232, 0, "\0\12\0\10cookie!!", 12);
    assert_int_equal(read_cut(built.length, &query), DNS_WANTS_ADDRESSES);
    size_t length = dns_query_for_aaaa(&query, built.bytes, built.length, 0xabcd, result, sizeof result, &question);
    assert_int_equal(length, built.length);
    memcpy(built.bytes, "\xab\xcd", 2);
    built.bytes[26] = DNS_TYPE_AAAA;
    assert_memory_equal(result, built.bytes, length);
    assert_int_equal(question.type, DNS_TYPE_AAAA);
    assert_true(dns_names_equal(&question.name, &query.question.name));
    assert_int_equal(dns_query_for_aaaa(&query, built.bytes, built.length, 1, result, length - 1, &question), 0);
}

/* The address is the example of RFC 3596 section 2.5. */
static void test_question_for_name(void **state)
{
    (void)state;
    static const char reverse[] = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa";
    struct ip_address address = parsed("4321:0:1:2:3:4:567:89ab"), ipv4 = parsed("192.0.2.1");
    struct dns_query query;
    struct dns_question question;
    uint8_t result[DNS_NAME_QUERY_MAX];
    static struct built wanted;
    for (unsigned edns = 0; edns < 2; edns++) {
        begin(&built, RECURSE | 0x30, "1.0.64.240.in-addr.arpa", DNS_TYPE_PTR, 0, 0, edns);
        begin(&wanted, RECURSE | 0x30, reverse, DNS_TYPE_PTR, 0, 0, edns);
        if (edns) {
            add_edns(&built, 1400, 0, "\0\12\0\1x", 5);
            add_edns(&wanted, 1400, 0, "", 0);
        }
        assert_int_equal(read_cut(built.length, &query), DNS_WANTS_NAME);
        size_t length = dns_query_for_name(&query, &address, 0x1234, result, sizeof result, &question);
        assert_int_equal(length, wanted.length);
        assert_memory_equal(result, wanted.bytes, length);
        assert_int_equal(question.type, DNS_TYPE_PTR);
        assert_int_equal(question.name.length, 74);
        assert_int_equal(dns_query_for_name(&query, &address, 1, result, length - 1, &question), 0);
        assert_int_equal(dns_query_for_name(&query, &ipv4, 1, result, sizeof result, &question), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),         cmocka_unit_test(test_edns),
        cmocka_unit_test(test_what_passes),       cmocka_unit_test(test_reverse),
        cmocka_unit_test(test_question_for_aaaa), cmocka_unit_test(test_question_for_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
