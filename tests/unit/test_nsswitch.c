/* core/nsswitch: which name services keep no descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/nsswitch.h"

static bool keeps_nothing(const char *text)
{
    return nsswitch_keeps_nothing(text, strlen(text));
}

static void test_usual_lines(void **state)
{
    (void)state;
    assert_true(keeps_nothing("hosts: files dns\n"));
    assert_true(keeps_nothing("passwd: files sss\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns myhostname\n"));
    assert_true(keeps_nothing("  hosts:files resolve [!UNAVAIL=return] dns # sss\r\n"));
    assert_true(keeps_nothing("hosts: files"));
}

static void test_no_line_is_the_default(void **state)
{
    (void)state;
    assert_true(keeps_nothing(""));
    assert_true(keeps_nothing("passwd: sss\nmyhosts: wins\n# hosts: sss\n"));
    assert_true(keeps_nothing("hosts:\n"));
}

static void test_other_services_may_keep_something(void **state)
{
    (void)state;
    assert_false(keeps_nothing("hosts: files sss dns\n"));
    assert_false(keeps_nothing("hosts: wins"));
    assert_false(keeps_nothing("hosts: files [NOTFOUND=continue] ldap\n"));
    assert_false(keeps_nothing("hosts: dnss\n"));
    assert_false(keeps_nothing("hosts: file\n"));
    assert_false(keeps_nothing("hosts: [NOTFOUND=return]sss\n"));
}

static void test_last_line_counts(void **state)
{
    (void)state;
    assert_true(keeps_nothing("hosts: sss\nhosts: files\n"));
    assert_false(keeps_nothing("hosts: files\nhosts: sss\n"));
}

static void test_nothing_is_read_beyond_the_text(void **state)
{
    (void)state;
    assert_true(nsswitch_keeps_nothing("hosts: files sss", strlen("hosts: files")));
    assert_false(nsswitch_keeps_nothing("hosts: files", strlen("hosts: file")));
    assert_true(nsswitch_keeps_nothing("hosts: [", strlen("hosts: [")));
    assert_false(nsswitch_keeps_nothing("hosts: files\0sss", strlen("hosts: files") + 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_lines),
        cmocka_unit_test(test_no_line_is_the_default),
        cmocka_unit_test(test_other_services_may_keep_something),
        cmocka_unit_test(test_last_line_counts),
        cmocka_unit_test(test_nothing_is_read_beyond_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
