/* A heap that has shrunk to less than what it was when the library started. */
#include "../support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE       ((size_t)4096)
#define GIVEN_BACK ((intptr_t)1024 * 1024)

static char *first_break;

/* Before the constructors of all libraries, as those of others may take memory before ours. */
static void take_memory(void)
{
    first_break = sbrk(GIVEN_BACK);
}
__attribute__((section(".preinit_array"), used)) static void (*const before_all)(void) = take_memory;

static int connect_by(const void *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int error = connect(fd, address, sizeof(struct sockaddr_in)) == 0 ? 0 : errno;
    close(fd);
    return error;
}

/* In a process of its own, since what malloc() has goes as well. */
static void part_shrunk(void)
{
    char *bad = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in nobody = ipv4_at("192.0.2.1", 9);
    int status;
    pid_t child = fork();
    if (child == 0) {
        int first = connect_by(&nobody);
        bool good = brk(first_break) == 0 && first == ECONNREFUSED;
        _exit(good && connect_by(bad) == EFAULT && connect_by(&nobody) == ECONNREFUSED ? 0 : 1);
    }
    waitpid(child, &status, 0);
    printf("%d %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

static void test_all_memory_was_taken_for_heap(void **state)
{
    (void)state;
    if (under_sanitizer(""))
        skip();
    const struct part_result bare = *part_run_bare("shrunk");
    assert_string_equal(bare.output, "0 0");
    assert_string_equal(part_output("shrunk", NULL), "0 0");
}

int main(int argc, char **argv)
{
    static const struct part parts[] = {{"shrunk", part_shrunk}, {0}};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_memory_was_taken_for_heap)};
    return SUPPORT_MAIN(parts, tests);
}
