/* A program whose sandbox allows what its libc calls: the library starts in it by the same system calls. */
#include "../deny.h"
#include "../support.h"
#include "../system_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void ask_libc(void)
{
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0)
        _exit(1);
}

static void part_true(void)
{
    static char program[] = "/bin/true";
    char *const command[] = {program, NULL};
    deny_by_death(SYS_fstat);
    execve(program, command, environ);
    printf("no %s: %s", program, strerror(errno));
}

/* glibc 2.33 to 2.38 asks by newfstatat(), older and newer ones by fstat(). */
static void test_start_asked_by_a_call_that_libc_does_not_make(void **state)
{
    (void)state;
    struct system_calls calls;
    if (filters_hang() || under_sanitizer("") || !system_calls_of(ask_libc, &calls) ||
        system_calls_with(&calls, SYS_fstat) > 0)
        skip();
    const struct part_result *result = part_run("true", NULL);
    assert_string_equal(result->output, "");
    assert_int_equal(result->status, 0);
}

static const struct part parts[] = {{"true", part_true}, {NULL, NULL}};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start_asked_by_a_call_that_libc_does_not_make)};
    return SUPPORT_MAIN(parts, tests);
}
