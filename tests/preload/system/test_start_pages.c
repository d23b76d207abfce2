/* What the start of the library costs a process, counted in pages that are touched for the first time: each costs
   more than most of what is done in it. Not measured in time. */
#include "../support.h"

#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define RUNS 20

/* More than an empty library touches: eight on the machine that this was written on. Four are left for other kernels,
   that map more or fewer pages of a file at once. */
#if defined __GLIBC__ && !__GLIBC_PREREQ(2, 34)
#define PAGES_MOST 26 /* and those of libpthread and libdl, which are loaded beside libc there */
#else
#define PAGES_MOST 12
#endif

static long faults_of_one(char *const environment[])
{
    static char program[] = "/bin/true";
    char *const command[] = {program, NULL};
    struct rusage usage;
    int status;
    pid_t child;
    child = fork();
    if (child == 0) {
        syscall(SYS_execve, program, command, environment); /* past our hook, which would add the library */
        _exit(1);
    }
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    assert_int_equal(status, 0);
    return usage.ru_minflt;
}

/* The least of some: where the stack begins in its page is left to chance. */
static long faults_with(const char *library)
{
    static char preload[4096], path[] = "PATH=/usr/bin:/bin";
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    char *const environment[] = {preload, path, NULL};
    long least = faults_of_one(environment);
    for (int run = 1; run < RUNS; run++) {
        long faults = faults_of_one(environment);
        least = faults < least ? faults : least;
    }
    return least;
}

static void test_start_touched_more_pages(void **state)
{
    (void)state;
    char empty[2048];
    if (strpbrk(getenv("TEST_PRELOAD"), " :") != NULL)
        skip(); /* a sanitizer's library is there, too */
    snprintf(empty, sizeof empty, "%s/tests/preload/.libs/empty.so", getenv("LAB_BUILD"));
    personality(ADDR_NO_RANDOMIZE);
    long bare = faults_with(empty), ours = faults_with(getenv("TEST_PRELOAD"));
    print_message("page faults of /bin/true: %ld, of an empty library's %ld\n", ours, bare);
    assert_in_range(ours - bare, 0, PAGES_MOST);
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{NULL, NULL}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start_touched_more_pages)};
    return SUPPORT_MAIN(parts, tests);
}
