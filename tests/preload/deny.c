#include "deny.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(field)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), 0, (skipped))
#define ANSWER(value)          BPF_STMT(BPF_RET | BPF_K, (unsigned)(value))

static void attach(struct sock_filter *filter, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
        return;
    printf("no sandbox: %s\n", strerror(errno));
    fflush(stdout);
    _exit(1);
}

void deny(long call, int argument, unsigned value, int error)
{
    size_t at = argument == ANY_ARGUMENT ? 0 : (size_t)argument;
    struct sock_filter with_argument[] = {
        FIELD(nr),
        UNLESS(call, 3),
        FIELD(args[at]),
        UNLESS(value, 1),
        ANSWER(SECCOMP_RET_ERRNO | (unsigned)error),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_filter always[] = {
        FIELD(nr),
        UNLESS(call, 1),
        ANSWER(SECCOMP_RET_ERRNO | (unsigned)error),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    if (argument == ANY_ARGUMENT)
        attach(always, sizeof always / sizeof always[0]);
    else
        attach(with_argument, sizeof with_argument / sizeof with_argument[0]);
}

void deny_by_death(long call)
{
    struct sock_filter filter[] = {
        FIELD(nr),
        UNLESS(call, 1),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    attach(filter, sizeof filter / sizeof filter[0]);
}

void deny_option(int level, int name, int error)
{
    struct sock_filter filter[] = {
        FIELD(nr),
        UNLESS(SYS_setsockopt, 5),
        FIELD(args[1]),
        UNLESS(level, 3),
        FIELD(args[2]),
        UNLESS(name, 1),
        ANSWER(SECCOMP_RET_ERRNO | (unsigned)error),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    attach(filter, sizeof filter / sizeof filter[0]);
}
