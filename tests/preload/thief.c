#include "thief.h"

#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NEWS     200 /* the number under which a part says what to try */
#define NOBODY   65534
#define STOPPED  (SIGTRAP | 0x80) /* by a system call, with PTRACE_O_TRACESYSGOOD */
#define FORMS    12
#define NO_THIEF UINT32_MAX
#define BOTH     0x924U /* the forms of both families */

#define GET_SIGNAL_MASK 0x420a
/* ptrace(2), of Linux 5.3; the headers of libc and the kernel don't go together. */
#define GET_SYSCALL_INFO 0x420e
#define ENTRY            1
struct call {
    uint8_t kind;
    uint32_t machine;
    uint64_t place, stack, number;
};

struct wish {
    int type; /* 0: nothing */
    uint16_t port;
    enum thief_ways ways;
};

static void say(struct wish wish)
{
    syscall(SYS_write, NEWS, &wish, sizeof wish);
}

void thief_start(int type, uint16_t port, enum thief_ways ways)
{
    say((struct wish){type, port, ways});
}

void thief_stop(void)
{
    say((struct wish){0});
}

/* ---- The thief */

static bool can_bind(struct wish wish, unsigned form)
{
    int on = 1, off = 0, family = form % 3 == 2 ? AF_INET6 : AF_INET;
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(wish.port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(wish.port)};
    if (form % 3 == 1)
        ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void *address = family == AF_INET ? (const void *)&ipv4 : (const void *)&ipv6;
    long fd = syscall(SYS_socket, family, wish.type, 0);
    if (family == AF_INET6)
        syscall(SYS_setsockopt, fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (form / 3 % 2 == 1)
        syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (form / 6 == 1)
        syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    bool bound = syscall(SYS_bind, fd, address, family == AF_INET ? sizeof ipv4 : sizeof ipv6) == 0;
    syscall(SYS_close, fd);
    return bound;
}

/* For each wish, the forms in which the port could be had. */
static void steal(int orders)
{
    struct wish wish;
    uint32_t got = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Of this thread alone, by the system call: libc's would ask threads that don't exist. */
    if (syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) != 0)
        got = NO_THIEF;
    syscall(SYS_write, orders, &got, sizeof got);
    while (syscall(SYS_read, orders, &wish, sizeof wish) == sizeof wish) {
        got = 0;
        for (unsigned form = 0; form < FORMS; form++)
            if ((wish.ways == THIEF_ALL_WAYS || form % 3 == 2) && can_bind(wish, form))
                got |= 1U << form;
        syscall(SYS_write, orders, &got, sizeof got);
    }
    _exit(0);
}

struct thief {
    int orders;
    pid_t process;
};

static uint32_t hear(const struct thief *thief)
{
    uint32_t got = NO_THIEF;
    assert_int_equal(syscall(SYS_read, thief->orders, &got, sizeof got), sizeof got);
    return got;
}

static struct thief hire(void)
{
    int pair[2];
    assert_int_equal(syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    struct thief thief = {pair[0], fork()};
    assert_true(thief.process >= 0);
    if (thief.process == 0) {
        syscall(SYS_close, pair[0]);
        steal(pair[1]);
    }
    syscall(SYS_close, pair[1]);
    return thief;
}

static void dismiss(const struct thief *thief)
{
    syscall(SYS_close, thief->orders);
    waitpid(thief->process, NULL, 0);
}

/* ---- The program, call by call */

static void become_part(const char *name, const char *const variables[], int output, int news)
{
    char program[] = "/proc/self/exe", option[] = "--part", copy[64];
    char *arguments[] = {program, option, copy, NULL};
    snprintf(copy, sizeof copy, "%s", name);
    syscall(SYS_dup3, output, STDOUT_FILENO, 0);
    syscall(SYS_dup3, news, NEWS, 0);
    for (; variables != NULL && *variables != NULL; variables++)
        putenv(strdup(*variables));
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
        syscall(SYS_execve, program, arguments, environ);
    _exit(99);
}

static void look(const struct thief *thief, const struct wish *wish, long call, struct thief_report *report)
{
    report->tries++;
    assert_int_equal(syscall(SYS_write, thief->orders, wish, sizeof *wish), sizeof *wish);
    uint32_t got = hear(thief);
    report->got_all += (got & BOTH) != 0;
    report->late = got != 0 ? report->late + 1 : 0;
    if (got != 0 && report->got++ == 0) {
        report->call = call;
        report->form = (unsigned)__builtin_ctz(got);
    }
}

/* The number of the system call that the program is in; `known` where it is at its end. */
static long call_of(pid_t program, long known)
{
    struct call call = {0};
    syscall(SYS_ptrace, GET_SYSCALL_INFO, program, sizeof call, &call);
    return call.kind == ENTRY ? (long)call.number : known;
}

static void look_at_signals(pid_t program, struct thief_report *report)
{
    uint64_t mask = 0;
    syscall(SYS_ptrace, GET_SIGNAL_MASK, program, sizeof mask, &mask);
    report->exchanges++;
    report->open += (mask & UINT64_C(1) << (SIGUSR1 - 1)) == 0;
}

/* Until it has ended. */
static void follow(const struct thief *thief, pid_t program, int news, struct thief_report *report)
{
    struct wish wish = {0};
    int status, signal_number = 0;
    long call = -1;
    while (waitpid(program, &status, 0) == program && WIFSTOPPED(status)) {
        signal_number = 0;
        if (WSTOPSIG(status) == STOPPED) {
            while (syscall(SYS_read, news, &wish, sizeof wish) == sizeof wish)
                continue;
            call = call_of(program, call);
            if (wish.type != 0)
                look(thief, &wish, call, report);
            if (wish.type != 0 && call == SYS_dup3)
                look_at_signals(program, report);
        } else if (WSTOPSIG(status) == SIGTRAP) { /* by its execve() */
            ptrace(PTRACE_SETOPTIONS, program, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
        } else {
            signal_number = WSTOPSIG(status);
        }
        if (ptrace(PTRACE_SYSCALL, program, NULL, (void *)(intptr_t)signal_number) != 0)
            break;
    }
    report->status = status;
}

const struct thief_report *thief_watch(const char *part, const char *const variables[])
{
    static struct thief_report report;
    int output[2], news[2];
    struct thief thief = hire();
    if (hear(&thief) == NO_THIEF) {
        dismiss(&thief);
        skip();
    }
    report = (struct thief_report){.call = -1};
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(pipe2(news, O_CLOEXEC | O_NONBLOCK), 0);
    pid_t program = fork();
    if (program == 0)
        become_part(part, variables, output[1], news[1]);
    assert_true(program > 0);
    syscall(SYS_close, output[1]);
    follow(&thief, program, news[0], &report);
    ssize_t size = syscall(SYS_read, output[0], report.output, sizeof report.output - 1);
    report.output[size > 0 ? size : 0] = '\0';
    syscall(SYS_close, output[0]);
    syscall(SYS_close, news[0]);
    syscall(SYS_close, news[1]);
    dismiss(&thief);
    return &report;
}
