/* core/base/text: every piece, cut at every size, with a canary behind the buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define CANARY 0x5a

static void add_everything(struct text *text)
{
    struct ip_address address = address_ipv6(&in6addr_loopback, 0);
    text_add(text, "connect ");
    text_add(text, NULL);
    text_add_bytes(text, " abc", 2);
    text_add_number(text, INT64_MIN);
    text_add(text, " ");
    text_add_number(text, INT64_MAX);
    text_add(text, " ");
    text_add_number(text, 0);
    text_add(text, " ");
    text_add_number(text, -1);
    text_add(text, " ");
    text_add_unsigned(text, UINT64_MAX);
    text_add(text, " ");
    text_add_address(text, &address);
    text_add(text, " ");
    text_add_quoted(text, "a b~\"'\\\n\x1b\x7f\xc3\xbc");
    text_add_quoted(text, NULL);
    text_add_quoted(text, "");
}

static const char everything[] =
    "connect (null) a-9223372036854775808 9223372036854775807 0 -1 18446744073709551615 ::1 "
    "a b~\\x22\\x27\\x5c\\x0a\\x1b\\x7f\\xc3\\xbc(null)";

static void test_all_pieces(void **state)
{
    (void)state;
    char data[256];
    struct text text = text_on(data, sizeof data);
    assert_string_equal(data, "");
    errno = ENOTTY;
    add_everything(&text);
    assert_int_equal(errno, ENOTTY);
    assert_string_equal(data, everything);
    assert_int_equal(text.length, strlen(everything));
}

static void test_cut_at_every_size(void **state)
{
    (void)state;
    const size_t whole = strlen(everything);
    for (size_t size = 1; size <= whole + 2; size++) {
        char data[256];
        memset(data, CANARY, sizeof data);
        struct text text = text_on(data, size);
        add_everything(&text);
        size_t expected = size - 1 < whole ? size - 1 : whole;
        assert_int_equal(text.length, expected);
        assert_int_equal(strlen(data), expected);
        assert_memory_equal(data, everything, expected);
        for (size_t index = size; index < sizeof data; index++)
            assert_int_equal(data[index], CANARY);
    }
}

static void test_quoted_gives_printable_ascii_only(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 256; byte++) {
        char data[16], string[2] = {(char)byte, '\0'};
        struct text text = text_on(data, sizeof data);
        text_add_quoted(&text, string);
        if (byte < ' ' || byte > '~' || strchr("\"'\\", (int)byte) != NULL) {
            assert_int_equal(text.length, 4);
            assert_memory_equal(data, "\\x", 2);
            assert_int_equal(strtoul(data + 2, NULL, 16), byte);
        } else {
            assert_string_equal(data, string);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pieces),
        cmocka_unit_test(test_cut_at_every_size),
        cmocka_unit_test(test_quoted_gives_printable_ascii_only),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
