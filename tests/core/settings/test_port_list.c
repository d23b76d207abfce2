/* core/settings/port_list: the setting ftp-ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/settings/port_list.h"

static bool parse(const char *text, struct port_list *list)
{
    size_t fault, length;
    return port_list_parse(text, strlen(text), list, &fault, &length);
}

static void takes_ports_between_commas_and_blanks(void **state)
{
    (void)state;
    struct port_list list;
    assert_true(parse("21", &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.ports[0], 21);
    assert_true(parse("21, 2121\t65535,1", &list));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.ports[1], 2121);
    assert_int_equal(list.ports[2], 65535);
    assert_int_equal(list.ports[3], 1);
    assert_true(parse("1 2 3 4 5 6 7 8", &list));
    assert_int_equal(list.count, PORT_LIST_SIZE);
    assert_true(parse("off", &list));
    assert_int_equal(list.count, 0);
}

static void says_what_is_wrong_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t fault, length;
    } bad[] = {
        {"", 0, 0},
        {"0", 0, 1},
        {"65536", 0, 5},
        {"21 x", 3, 1},
        {"-1", 0, 2},
        {"21,ftp", 3, 3},
        {"off 21", 0, 3},
        {"offs", 0, 4},
        {"99999999999999999999999", 0, 23},
        {", ,", 0, 3},
        {"1 2 3 4 5 6 7 8 9", 16, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct port_list list = {.count = 1, .ports = {7}};
        size_t fault = 99, length = 99;
        assert_false(port_list_parse(bad[i].text, strlen(bad[i].text), &list, &fault, &length));
        assert_int_equal(fault, bad[i].fault);
        assert_int_equal(length, bad[i].length);
        assert_int_equal(list.count, 1);
        assert_int_equal(list.ports[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_ports_between_commas_and_blanks),
        cmocka_unit_test(says_what_is_wrong_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
