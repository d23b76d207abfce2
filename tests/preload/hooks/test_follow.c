/* New programs get the library too, and nothing else in their environment is changed. */
#include "../support.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#define ENV "/usr/bin/env"

static char *const arguments[] = {(char *)(uintptr_t) "env", NULL};

/* One way to start /usr/bin/env with that environment. */
typedef void starter(char *const environment[]);

static void by_execve(char *const environment[])
{
    execve(ENV, arguments, environment);
}

static void by_execv(char *const environment[])
{
    environ = (char **)(uintptr_t)environment;
    execv(ENV, arguments);
}

static void by_execvp(char *const environment[])
{
    environ = (char **)(uintptr_t)environment;
    execvp(ENV, arguments);
}

static void by_execvpe(char *const environment[])
{
    execvpe("env", arguments, environment);
}

static void by_execl(char *const environment[])
{
    environ = (char **)(uintptr_t)environment;
    execl(ENV, "env", (char *)NULL);
}

static void by_execlp(char *const environment[])
{
    environ = (char **)(uintptr_t)environment;
    execlp(ENV, "env", (char *)NULL);
}

static void by_execle(char *const environment[])
{
    execle(ENV, "env", (char *)NULL, environment);
}

static void by_fexecve(char *const environment[])
{
    fexecve(open(ENV, O_RDONLY | O_CLOEXEC), arguments, environment);
}

#if HAS_GLIBC(2, 34)
static void by_execveat(char *const environment[])
{
    execveat(AT_FDCWD, ENV, arguments, environment, 0);
}
#endif

static void wait_for(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    _exit(WEXITSTATUS(status));
}

static void by_posix_spawn(char *const environment[])
{
    pid_t child;
    if (posix_spawn(&child, ENV, NULL, NULL, arguments, environment) == 0)
        wait_for(child);
}

static void by_posix_spawnp(char *const environment[])
{
    pid_t child;
    if (posix_spawnp(&child, "env", NULL, NULL, arguments, environment) == 0)
        wait_for(child);
}

static void by_vfork(char *const environment[])
{
    pid_t child = vfork();
    if (child == 0) {
        execve(ENV, arguments, environment);
        _exit(1);
    }
    wait_for(child);
}

static const struct {
    const char *name;
    starter *start;
} starters[] = {
    {"execve", by_execve},
    {"execv", by_execv},
    {"execvp", by_execvp},
    {"execvpe", by_execvpe},
    {"execl", by_execl},
    {"execlp", by_execlp},
    {"execle", by_execle},
    {"fexecve", by_fexecve},
#if HAS_GLIBC(2, 34)
    {"execveat", by_execveat},
#endif
    {"posix_spawn", by_posix_spawn},
    {"posix_spawnp", by_posix_spawnp},
    {"execve after vfork", by_vfork},
};

/* What env prints. Of static storage. */
static const char *environment_after(starter *start, char *const environment[])
{
    static char output[65536];
    int ends[2], status;
    size_t used = 0;
    ssize_t count;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        start(environment);
        _exit(99);
    }
    close(ends[1]);
    while ((count = read(ends[0], output + used, sizeof output - 1 - used)) > 0)
        used += (size_t)count;
    close(ends[0]);
    output[used] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return output;
}

/* Our own entry: the last of TEST_PRELOAD. */
static const char *own_entry(void)
{
    const char *list = getenv("TEST_PRELOAD"), *colon = strrchr(list, ':');
    return colon != NULL ? colon + 1 : list;
}

static void assert_environments(char *const environment[], const char *expected)
{
    for (size_t i = 0; i < sizeof starters / sizeof starters[0]; i++) {
        const char *got = environment_after(starters[i].start, environment);
        if (strcmp(got, expected) != 0)
            fail_msg("%s: expected %s, got %s", starters[i].name, expected, got);
    }
}

static void test_entry_came_back_where_it_was_gone(void **state)
{
    (void)state;
    char expected[1024];
    char first[] = "A=1", second[] = "LD_PRELOADED=2", third[] = "B=";
    char *some[] = {first, second, third, NULL};
    char *none[] = {NULL};
    snprintf(expected, sizeof expected, "A=1\nLD_PRELOADED=2\nB=\nLD_PRELOAD=%s\n", own_entry());
    assert_environments(some, expected);
    snprintf(expected, sizeof expected, "LD_PRELOAD=%s\n", own_entry());
    assert_environments(none, expected);
    snprintf(expected, sizeof expected, "LD_PRELOAD=%s\n", own_entry());
    assert_string_equal(environment_after(by_execve, NULL), expected);
}

static void test_other_entries_stayed(void **state)
{
    (void)state;
    char expected[1024];
    char empty[] = "LD_PRELOAD=", other[] = "LD_PRELOAD=libm.so.6:libpthread.so.0 libdl.so.2", first[] = "A=1";
    char *emptied[] = {empty, first, NULL}, *others[] = {first, other, NULL};
    snprintf(expected, sizeof expected, "LD_PRELOAD=%s\nA=1\n", own_entry());
    assert_environments(emptied, expected);
    snprintf(expected, sizeof expected, "A=1\n%s:%s\n", other, own_entry());
    assert_environments(others, expected);
}

static void test_environment_with_the_entry_was_not_touched(void **state)
{
    (void)state;
    char variable[1024], expected[2048];
    char *given[] = {variable, NULL};
    static const char *const forms[] = {"LD_PRELOAD=%s", "LD_PRELOAD=%s:libm.so.6", "LD_PRELOAD=libm.so.6 %s"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(variable, sizeof variable, forms[i], own_entry());
#pragma GCC diagnostic pop
        snprintf(expected, sizeof expected, "%s\n", variable);
        assert_environments(given, expected);
    }
}

static void part_unwanted(void)
{
    char *none[] = {NULL};
    fputs(environment_after(by_execve, none), stdout);
}

static void test_follow_no_left_it_out(void **state)
{
    (void)state;
    static const char *const settings[] = {"V6SHIM_FOLLOW=no", NULL};
    assert_string_equal(part_output("unwanted", settings), "");
    assert_string_equal(part_run_bare("unwanted")->output, "");
    assert_string_not_equal(part_output("unwanted", NULL), "");
}

/* A large environment, and no place for it but the stack. */
static void test_large_environments_were_copied(void **state)
{
    (void)state;
    static char *many[5001];
    char one[] = "A=1";
    for (size_t i = 0; i < 5000; i++)
        many[i] = one;
    const char *output = environment_after(by_execve, many);
    assert_int_equal(strlen(output), 5000 * 4 + strlen("LD_PRELOAD=\n") + strlen(own_entry()));
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"unwanted", part_unwanted}, {NULL, NULL}};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_came_back_where_it_was_gone),
        cmocka_unit_test(test_other_entries_stayed),
        cmocka_unit_test(test_environment_with_the_entry_was_not_touched),
        cmocka_unit_test(test_follow_no_left_it_out),
        cmocka_unit_test(test_large_environments_were_copied),
    };
    if (under_sanitizer("")) {
        printf("# SKIPPED: the children would have our entry without the sanitizer's before it\n");
        return 77;
    }
    return SUPPORT_MAIN(parts, tests);
}
