/* Runs a function with a table of descriptors of its own; called by preload/socket/epoll_kernel.c. */
#include "preload/system/own_table.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES 32768

/* Its clone() takes the process for a child of fork(), and stops looking at the thread that made it. */
#ifdef __SANITIZE_THREAD__
#define UNDER_THREAD_SANITIZER true
#else
#define UNDER_THREAD_SANITIZER false
#endif

struct work {
    void (*work)(void *);
    void *argument;
    bool done;
};

static int run(void *data)
{
    struct work *work = data;
    work->work(work->argument);
    work->done = true;
    return 0;
}

bool own_table_run(void (*work)(void *), void *argument)
{
    int saved = errno;
    struct work given = {.work = work, .argument = argument};
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!UNDER_THREAD_SANITIZER && stack != MAP_FAILED) {
        int child = clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, &given);
        if (child > 0)
            syscall(SYS_wait4, child, NULL, __WCLONE, NULL);
    }
    if (stack != MAP_FAILED)
        munmap(stack, STACK_BYTES);
    errno = saved;
    return given.done;
}
