/* core/dns: names with hostile pointers, records that are cut, messages in a TCP stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "built_message.h"
#include "core/dns/dns_frame.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Reads the name at a place behind twelve bytes of header, from an allocation of just that size. */
static bool read_name(const char *bytes, size_t length, size_t at, struct dns_name *name)
{
    uint8_t *message = calloc(1, DNS_HEADER_SIZE + length);
    assert_non_null(message);
    memcpy(message + DNS_HEADER_SIZE, bytes, length);
    struct dns_reader reader = {message, DNS_HEADER_SIZE + length, DNS_HEADER_SIZE + at};
    bool read = dns_read_name(&reader, name);
    free(message);
    return read;
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length, at;
        const char *name; /* NULL: it is none */
        size_t name_length;
    } cases[] = {
        {"", 1, 0, "", 1},
        {"\3WwW\1a", 7, 0, "\3WwW\1a", 7},
        {"\1a\0\3www\300\14", 9, 3, "\3www\1a", 7}, /* a pointer to what came before */
        {"\1a\0\1b\300\14\1c\300\17", 11, 7, "\1c\1b\1a", 7},
        {"\1a\0\300\14", 5, 3, "\1a", 3},
        {"\300\14", 2, 0, NULL, 0},             /* to itself */
        {"\1a\300\14", 4, 0, NULL, 0},          /* round */
        {"\1a\300\16", 4, 0, NULL, 0},          /* to the pointer itself */
        {"\300\16\1a\0", 5, 0, NULL, 0},        /* forward */
        {"\300\16\300\14\0", 5, 2, NULL, 0},    /* there and back */
        {"\300\16\1a\0\300\14", 7, 5, NULL, 0}, /* back, and forward from there */
        {"\1a\0\300\0", 5, 3, NULL, 0},         /* into the header */
        {"\1a\0\300\13", 5, 3, NULL, 0},        /* into its last byte */
        {"\1a\0\377\377", 5, 3, NULL, 0},       /* beyond the end */
        {"\1a", 2, 0, NULL, 0},                 /* no end */
        {"\5ab", 3, 0, NULL, 0},                /* a label that is cut */
        {"\1a\0\300", 4, 3, NULL, 0},           /* a pointer that is cut */
        {"\100a\0", 3, 0, NULL, 0},             /* other kinds of labels */
        {"\200a\0", 3, 0, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dns_name name;
        bool read = read_name(cases[i].bytes, cases[i].length, cases[i].at, &name);
        assert_int_equal(read, cases[i].name != NULL);
        if (!read)
            continue;
        assert_int_equal(name.length, cases[i].name_length);
        assert_memory_equal(name.bytes, cases[i].name, name.length);
    }
}

/* 255 bytes are the most (RFC 1035 section 2.3.4), those that pointers add too. */
static void test_longest_name(void **state)
{
    (void)state;
    char bytes[300] = {0};
    struct dns_name name;
    for (size_t label = 0; label < 127; label++)
        memcpy(bytes + 2 * label, "\1x", 2);
    assert_true(read_name(bytes, 255, 0, &name));
    assert_int_equal(name.length, DNS_NAME_MAX);
    memcpy(bytes + 255, "\1y\300\14", 4);
    assert_false(read_name(bytes, 259, 255, &name));
    memcpy(bytes + 255, "\1y\300\16", 4);
    assert_true(read_name(bytes, 259, 255, &name));
    assert_int_equal(name.length, DNS_NAME_MAX);
}

/* Pointers alone, each to the one before: a name may have as many as it can have labels. */
static void test_many_pointers(void **state)
{
    (void)state;
    char bytes[1 + 2 * 200] = {0};
    struct dns_name name;
    for (size_t pointer = 0; pointer < 200; pointer++) {
        size_t target = DNS_HEADER_SIZE + (pointer == 0 ? 0 : 1 + 2 * (pointer - 1));
        bytes[1 + 2 * pointer] = (char)(0xc0 | target >> 8);
        bytes[2 + 2 * pointer] = (char)target;
    }
    assert_true(read_name(bytes, sizeof bytes, 1 + 2 * 126, &name));
    assert_false(read_name(bytes, sizeof bytes, 1 + 2 * 127, &name));
}

static void test_letter_case(void **state)
{
    (void)state;
    struct dns_name left = {.length = 5, .bytes = "\3aZ@"}, right = {.length = 5, .bytes = "\3Az@"};
    assert_true(dns_names_equal(&left, &right));
    right.bytes[3] = '`'; /* '@' with the bit that makes letters small */
    assert_false(dns_names_equal(&left, &right));
    right = left;
    right.length = 4;
    assert_false(dns_names_equal(&left, &right));
}

static void test_records(void **state)
{
    (void)state;
    static struct built built;
    struct dns_record record;
    begin(&built, 0x8180, "a.example", DNS_TYPE_A, 1, 0, 0);
    size_t start = built.length;
    add_address(&built, NULL, 0x01020304, "192.0.2.1");
    struct dns_reader reader = {built.bytes, built.length, start};
    assert_true(dns_read_record(&reader, &record));
    assert_int_equal(record.start, start);
    assert_int_equal(record.type, DNS_TYPE_A);
    assert_int_equal(record.ttl_s, 0x01020304);
    assert_int_equal(record.data, built.length - 4);
    assert_int_equal(record.length, 4);
    for (size_t length = start; length < built.length; length++) {
        reader = (struct dns_reader){built.bytes, length, start};
        assert_false(dns_read_record(&reader, &record));
    }
    assert_int_equal(dns_ttl_s(0x7fffffff), 0x7fffffff);
    assert_int_equal(dns_ttl_s(0x80000000), 0);
}

/* Messages, one of them empty, and one that is too long for the buffer. */
static const uint8_t stream[] = "\0\3abc\0\0\0\1d\0\12ABCDEFGHIJ\0\2ef";

static void add_text(char *text, const void *bytes, size_t count)
{
    size_t length = strlen(text);
    memcpy(text + length, bytes, count);
    text[length + count] = '\0';
}

/* Takes one step; whether the message that is under way is passed on. */
static bool take(struct dns_frame *frame, const uint8_t **bytes, size_t *count, bool passes, char *text)
{
    static uint8_t buffer[5];
    if (passes) {
        size_t part = dns_frame_pass(frame, *count);
        add_text(text, *bytes, part);
        *bytes += part;
        *count -= part;
        return !dns_frame_is_between(frame);
    }
    switch (dns_frame_take(frame, bytes, count, buffer, sizeof buffer)) {
    case DNS_FRAME_MESSAGE:
        assert_true(dns_frame_is_between(frame));
        add_text(text, "[", 1);
        add_text(text, buffer, frame->length);
        add_text(text, "]", 1);
        return false;
    case DNS_FRAME_LONG:
        add_text(text, "long:", 5);
        return true;
    default:
        assert_int_equal(*count, 0);
        return false;
    }
}

static void test_stream(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        char text[128] = "";
        struct dns_frame frame = {.got = 0};
        bool passes = false;
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            const uint8_t *bytes = stream + at;
            size_t count = sizeof stream - 1 - at < piece ? sizeof stream - 1 - at : piece;
            while (count > 0)
                passes = take(&frame, &bytes, &count, passes, text);
        }
        assert_true(dns_frame_is_between(&frame));
        assert_string_equal(text, "[abc][][d]long:ABCDEFGHIJ[ef]");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_longest_name), cmocka_unit_test(test_many_pointers),
        cmocka_unit_test(test_letter_case), cmocka_unit_test(test_records),      cmocka_unit_test(test_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
