/* preload/system/follow: what is put into the environment of a new program, and nothing else. The program stands in
   for the library: an entry of LD_PRELOAD with its name is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "preload/system/follow.h"

#define OWN_ENTRY "/opt/lib/test_follow"
#define VARIABLE  "HEARD=/run/channel"
#define ROOM      1024

static char room[ROOM] __attribute__((aligned(__alignof__(char *))));
static char *nothing[] = {NULL};

static void start(bool wanted, const char *variable)
{
    setenv("LD_PRELOAD", "libfirst.so:" OWN_ENTRY ":liblast.so", 1);
    assert_true(follow_start(wanted, variable));
}

static char **followed(char *const environment[])
{
    size_t size = follow_room(environment);
    assert_in_range(size, 1, sizeof room);
    memset(room, '#', sizeof room);
    char **copy = follow_copy(environment, room);
    for (size_t i = size; i < sizeof room; i++)
        assert_int_equal(room[i], '#');
    return copy;
}

static void expect(char *const environment[], const char *first, const char *second, const char *third)
{
    const char *const expected[] = {first, second, third, NULL};
    char **copy = followed(environment);
    size_t i;
    for (i = 0; expected[i] != NULL; i++)
        assert_string_equal(copy[i], expected[i]);
    assert_null(copy[i]);
}

static void test_our_entry_is_put_back(void **state)
{
    (void)state;
    char *other[] = {(char *)(uintptr_t) "A=1", NULL};
    start(true, NULL);
    expect(nothing, "LD_PRELOAD=" OWN_ENTRY, NULL, NULL);
    expect(NULL, "LD_PRELOAD=" OWN_ENTRY, NULL, NULL);
    expect(other, "A=1", "LD_PRELOAD=" OWN_ENTRY, NULL);
}

static void test_entries_of_the_program_stay_first(void **state)
{
    (void)state;
    char *other[] = {(char *)(uintptr_t) "LD_PRELOAD=libother.so", (char *)(uintptr_t) "A=1", NULL};
    char *empty[] = {(char *)(uintptr_t) "LD_PRELOAD=", NULL};
    start(true, NULL);
    expect(other, "LD_PRELOAD=libother.so:" OWN_ENTRY, "A=1", NULL);
    expect(empty, "LD_PRELOAD=" OWN_ENTRY, NULL, NULL);
}

static void test_the_variable_goes_with_it(void **state)
{
    (void)state;
    char *other[] = {(char *)(uintptr_t) "LD_PRELOAD=libother.so", NULL};
    char *heard[] = {(char *)(uintptr_t) "HEARD=elsewhere", NULL};
    char *preloaded[] = {(char *)(uintptr_t) "LD_PRELOAD=" OWN_ENTRY, NULL};
    char *similar[] = {(char *)(uintptr_t) "HEARDX=1", NULL};
    start(true, VARIABLE);
    expect(nothing, "LD_PRELOAD=" OWN_ENTRY, VARIABLE, NULL);
    expect(other, "LD_PRELOAD=libother.so:" OWN_ENTRY, VARIABLE, NULL);
    expect(heard, "HEARD=elsewhere", "LD_PRELOAD=" OWN_ENTRY, NULL);
    expect(preloaded, "LD_PRELOAD=" OWN_ENTRY, VARIABLE, NULL);
    expect(similar, "HEARDX=1", "LD_PRELOAD=" OWN_ENTRY, VARIABLE);
}

static void test_an_environment_that_has_all_is_left_alone(void **state)
{
    (void)state;
    char *both[] = {(char *)(uintptr_t) "LD_PRELOAD=" OWN_ENTRY, (char *)(uintptr_t)VARIABLE, NULL};
    start(true, VARIABLE);
    assert_int_equal(follow_room(both), 0);
    start(false, NULL);
    assert_int_equal(follow_room(nothing), 0);
}

static void test_an_environment_that_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    char *bad[] = {(char *)(uintptr_t)1, NULL};
    volatile uintptr_t nowhere = sizeof(char *);
    start(true, VARIABLE);
    assert_int_equal(follow_room(bad), 0);
    assert_int_equal(follow_room((char *const *)nowhere), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_entry_is_put_back),
        cmocka_unit_test(test_entries_of_the_program_stay_first),
        cmocka_unit_test(test_the_variable_goes_with_it),
        cmocka_unit_test(test_an_environment_that_has_all_is_left_alone),
        cmocka_unit_test(test_an_environment_that_cannot_be_read_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
