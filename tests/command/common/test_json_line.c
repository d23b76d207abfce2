/* core/base/json_line and command/common/line_field: what one writes the other reads, and nothing of another type or
 * range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "command/common/line_field.h"
#include "core/base/json_line.h"

#define LINE_SIZE 200

static json_tokener *tokener;
static char data[LINE_SIZE];

static int make_tokener(void **state)
{
    (void)state;
    tokener = json_tokener_new();
    return tokener == NULL;
}

static int free_tokener(void **state)
{
    (void)state;
    json_tokener_free(tokener);
    return 0;
}

static struct text a_line(void)
{
    struct text text = text_on(data, sizeof data);
    text_add(&text, "{");
    json_line_number(&text, "number", INT64_MIN);
    json_line_string(&text, "text", "a \"b\" {", 100);
    json_line_key(&text, "inner");
    text_add(&text, "{");
    json_line_number(&text, "first", 1);
    json_line_number(&text, "second", 2);
    text_add(&text, "}");
    json_line_string(&text, "cut", "abcdef", 3);
    text_add(&text, "}\n");
    return text;
}

static void test_fields_are_parted_by_commas(void **state)
{
    (void)state;
    a_line();
    assert_string_equal(data, "{\"number\": -9223372036854775808, \"text\": \"a \\u0022b\\u0022 {\", "
                              "\"inner\": {\"first\": 1, \"second\": 2}, \"cut\": \"abc\"}\n");
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    const char *string;
    int64_t number;
    bool flag;
    json_object *line = line_read(tokener, data, a_line().length);
    assert_non_null(line);
    assert_true(line_field_number(line, "number", INT64_MIN, 0, 5, &number));
    assert_true(number == INT64_MIN);
    assert_true(line_field_text(line, "text", 7, &string));
    assert_string_equal(string, "a \"b\" {");
    assert_true(line_field_number(line, "absent", 0, 1, 5, &number));
    assert_int_equal(number, 5);
    assert_true(line_field_text(line, "absent", 7, &string));
    assert_null(string);
    assert_true(line_field_flag(line, "absent", &flag));
    assert_false(flag);
    json_object_put(line);
}

static void test_another_type_or_range_is_none(void **state)
{
    (void)state;
    const char *string;
    int64_t number;
    bool flag;
    json_object *line = line_read(tokener, data, a_line().length);
    assert_non_null(line);
    assert_false(line_field_number(line, "number", 0, INT64_MAX, 0, &number));
    assert_false(line_field_number(line, "text", INT64_MIN, INT64_MAX, 0, &number));
    assert_false(line_field_text(line, "text", 6, &string));
    assert_false(line_field_text(line, "number", 6, &string));
    assert_false(line_field_flag(line, "number", &flag));
    json_object_put(line);
}

static void test_what_is_no_object_is_no_line(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "\n", "1\n", "[1]\n", "\"a\"\n", "null\n", "{\"a\": 1\n", "}\n", "{a}\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_null(line_read(tokener, lines[i], strlen(lines[i])));
    json_object *line = line_read(tokener, "{}\n", 3); /* after them as before */
    assert_non_null(line);
    json_object_put(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_parted_by_commas),
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_another_type_or_range_is_none),
        cmocka_unit_test(test_what_is_no_object_is_no_line),
    };
    return cmocka_run_group_tests(tests, make_tokener, free_tokener);
}
