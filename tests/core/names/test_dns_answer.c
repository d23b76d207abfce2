/* core/names/dns_answer: real answers, their times, and messages that are cut or senseless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/names/dns_answer.h"

#define MESSAGE_SIZE 2048

static uint8_t message[MESSAGE_SIZE];
static size_t size;

static void add(const void *bytes, size_t count)
{
    assert_true(size + count <= sizeof message);
    memcpy(message + size, bytes, count);
    size += count;
}

static void add16(unsigned value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
    add(bytes, sizeof bytes);
}

static void add32(uint32_t value)
{
    add16(value >> 16);
    add16(value & 0xffff);
}

static void begin(unsigned flags, unsigned answers, unsigned authorities)
{
    size = 0;
    add16(0x1234);
    add16(flags);
    add16(1);
    add16(answers);
    add16(authorities);
    add16(0);
    add("\10ipv4only\4arpa\0\0\34\0\1", 19);
}

static void add_record(unsigned type, uint32_t ttl_s, const void *data, unsigned length)
{
    add("\300\14", 2); /* a pointer to the name in the question */
    add16(type);
    add16(1);
    add32(ttl_s);
    add16(length);
    add(data, length);
}

static void add_aaaa(const char *text, uint32_t ttl_s)
{
    struct in6_addr ipv6;
    assert_int_equal(inet_pton(AF_INET6, text, &ipv6), 1);
    add_record(28, ttl_s, &ipv6, sizeof ipv6);
}

/* From an allocation of just that size, so that a sanitizer sees a step beyond. */
static bool read_cut(size_t length, struct dns_answer *answer)
{
    uint8_t *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy + 1, message, length);
    bool read = dns_answer_read(copy + 1, length, answer);
    free(copy);
    return read;
}

static void test_addresses_and_the_least_ttl(void **state)
{
    (void)state;
    struct dns_answer answer;
    begin(0x8180, 3, 0);
    add_record(5, 5, "\3www\300\14", 6); /* a CNAME says nothing about our time */
    add_aaaa("64:ff9b::c000:aa", 300);
    add_aaaa("64:ff9b::c000:ab", 60);
    assert_true(read_cut(size, &answer));
    assert_int_equal(answer.code, DNS_CODE_NO_ERROR);
    assert_int_equal(answer.count, 2);
    assert_true(answer.has_ttl);
    assert_int_equal(answer.ttl_s, 60);
    assert_int_equal(answer.addresses[1].ipv6.s6_addr[15], 0xab);
}

/* What is beyond is passed over: its time too. */
static void test_more_addresses_than_there_is_room(void **state)
{
    (void)state;
    struct {
        struct dns_answer answer;
        uint8_t behind[64];
    } room;
    for (unsigned count = DNS_ANSWERS_MAX - 1; count <= DNS_ANSWERS_MAX + 3; count++) {
        char text[INET6_ADDRSTRLEN];
        begin(0x8180, count, 0);
        for (unsigned i = 0; i < count; i++) {
            snprintf(text, sizeof text, "2001:db8::%x", i + 1);
            add_aaaa(text, i < DNS_ANSWERS_MAX ? 100 : 7);
        }
        memset(&room, 0x5a, sizeof room);
        assert_true(dns_answer_read(message, size, &room.answer));
        assert_int_equal(room.answer.count, count < DNS_ANSWERS_MAX ? count : DNS_ANSWERS_MAX);
        assert_true(room.answer.has_ttl);
        assert_int_equal(room.answer.ttl_s, 100);
        for (unsigned i = 0; i < room.answer.count; i++)
            assert_int_equal(room.answer.addresses[i].ipv6.s6_addr[15], i + 1);
        for (size_t i = 0; i < sizeof room.behind; i++)
            assert_int_equal(room.behind[i], 0x5a);
    }
}

static void test_negative_time(void **state)
{
    (void)state;
    static const uint8_t soa[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 30};
    struct dns_answer answer;
    begin(0x8183, 0, 1);
    add_record(6, 900, soa, sizeof soa);
    assert_true(read_cut(size, &answer));
    assert_int_equal(answer.code, DNS_CODE_NO_NAME);
    assert_int_equal(answer.count, 0);
    assert_int_equal(answer.ttl_s, 30);
    begin(0x8183, 0, 1);
    add_record(6, 20, soa, sizeof soa);
    assert_true(read_cut(size, &answer));
    assert_int_equal(answer.ttl_s, 20);
    begin(0x8183, 0, 0);
    assert_true(read_cut(size, &answer));
    assert_false(answer.has_ttl);
}

static void test_what_is_no_answer(void **state)
{
    (void)state;
    struct dns_answer answer;
    begin(0x0100, 0, 0);
    assert_false(read_cut(size, &answer)); /* a question */
    begin(0x8380, 0, 0);
    assert_false(read_cut(size, &answer)); /* truncated */
    begin(0x8180, 1, 0);
    assert_false(read_cut(size, &answer)); /* a record that isn't there */
    begin(0x8180, 1, 0);
    add_record(28, 60, "abcd", 4);
    assert_true(read_cut(size, &answer)); /* an AAAA of another size is none */
    assert_int_equal(answer.count, 0);
}

static void test_every_cut_is_seen(void **state)
{
    (void)state;
    struct dns_answer answer;
    begin(0x8180, 2, 0);
    add_aaaa("64:ff9b::c000:aa", 300);
    add_aaaa("64:ff9b::c000:ab", 60);
    for (size_t length = 0; length < size; length++)
        assert_false(read_cut(length, &answer));
}

static void test_ttl_with_the_highest_bit(void **state)
{
    (void)state;
    struct dns_answer answer;
    begin(0x8180, 1, 0);
    add_aaaa("64:ff9b::c000:aa", 0x80000001);
    assert_true(read_cut(size, &answer));
    assert_int_equal(answer.ttl_s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_and_the_least_ttl),
        cmocka_unit_test(test_more_addresses_than_there_is_room),
        cmocka_unit_test(test_negative_time),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_every_cut_is_seen),
        cmocka_unit_test(test_ttl_with_the_highest_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
