/* core/names/nsswitch: which name services keep no descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/names/nsswitch.h"

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
    assert_true(keeps_nothing("hosts: sss\nhosts:")); /* with nothing in it, and no end */
    assert_true(keeps_nothing("hosts: sss\nhosts:\n"));
    assert_false(keeps_nothing("hosts: sss\nhosts"));
}

static void test_nothing_is_read_beyond_the_text(void **state)
{
    (void)state;
    assert_true(nsswitch_keeps_nothing("hosts: files sss", strlen("hosts: files")));
    assert_false(nsswitch_keeps_nothing("hosts: files", strlen("hosts: file")));
    assert_true(nsswitch_keeps_nothing("hosts: [", strlen("hosts: [")));
    assert_false(nsswitch_keeps_nothing("hosts: files\0sss", strlen("hosts: files") + 4));
}

/* Each text once more in front of a page that nobody may read. */
static void test_nothing_is_read_at_all_beyond_the_text(void **state)
{
    (void)state;
    static const char text[] = "# comment\n\n \t\nhosts:\tfiles [NOTFOUND=return] dns # sss\nhosts: wins [\nhosts:";
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t length = 0; length < sizeof text; length++) {
        char copy[sizeof text + 1];
        memcpy(copy, text, length);
        copy[length] = '\0';
        char *last = memcpy(pages + page - length, text, length);
        assert_int_equal(nsswitch_keeps_nothing(last, length), keeps_nothing(copy));
    }
    munmap(pages, 2 * page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_lines),
        cmocka_unit_test(test_no_line_is_the_default),
        cmocka_unit_test(test_other_services_may_keep_something),
        cmocka_unit_test(test_last_line_counts),
        cmocka_unit_test(test_nothing_is_read_beyond_the_text),
        cmocka_unit_test(test_nothing_is_read_at_all_beyond_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
