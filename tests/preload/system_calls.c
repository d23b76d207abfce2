#include "system_calls.h"

#include "support.h"

#include <linux/ptrace.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Before and after what is counted. Nothing of ours or of libc's makes it meanwhile. */
#define MARKER SYS_getpriority

#define WITH_SYSCALLS ((long)PTRACE_O_TRACESYSGOOD)
#define SYSCALL_STOP  (SIGTRAP | 0x80)

static void child(void (*act)(void))
{
    act();
    if (syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) != 0)
        _exit(EXIT_FAILURE);
    raise(SIGSTOP);
    syscall(MARKER, 0, 0);
    act();
    syscall(MARKER, 0, 0);
    _exit(EXIT_SUCCESS);
}

#ifdef PTRACE_GET_SYSCALL_INFO
/* The number of the call that the child enters; -1 where it leaves one. -2: that isn't told. */
static long entered(pid_t pid)
{
    struct ptrace_syscall_info info;
    if (syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
        return -2;
    return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : -1;
}
#else
static long entered(pid_t pid)
{
    (void)pid;
    return -2;
}
#endif

static bool follow(pid_t pid, struct system_calls *calls)
{
    int status, markers = 0, signal_number = 0;
    bool seen = true;
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        syscall(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, WITH_SYSCALLS) != 0)
        return false;
    while (syscall(SYS_ptrace, PTRACE_SYSCALL, pid, 0, (long)signal_number) == 0 && waitpid(pid, &status, 0) == pid &&
           WIFSTOPPED(status)) {
        signal_number = WSTOPSIG(status) == SYSCALL_STOP ? 0 : WSTOPSIG(status);
        long number = signal_number == 0 ? entered(pid) : -1;
        seen = seen && number != -2;
        if (number == MARKER)
            markers++;
        else if (number >= 0 && markers == 1 && calls->count < SYSTEM_CALLS_MAX)
            calls->numbers[calls->count++] = number;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    return seen && markers == 2;
}

bool system_calls_of(void (*act)(void), struct system_calls *calls)
{
    calls->count = 0;
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(act);
    bool seen = follow(pid, calls);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return seen;
}

unsigned system_calls_with(const struct system_calls *calls, long number)
{
    unsigned count = 0;
    for (unsigned i = 0; i < calls->count; i++)
        count += calls->numbers[i] == number;
    return count;
}

void assert_system_calls(const struct system_calls *calls, unsigned most)
{
    if (calls->count <= most)
        return;
    printf("%u system calls:", calls->count);
    for (unsigned i = 0; i < calls->count; i++)
        printf(" %ld", calls->numbers[i]);
    printf("\n");
    fail_msg("%u system calls, and no more than %u were expected", calls->count, most);
}
