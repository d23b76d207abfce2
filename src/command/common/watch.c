/* Starts a program and reads the lines of its processes; called by v6shim trace and check --run. */
#include "command/common/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/common/command.h"
#include "command/common/launch.h"
#include "preload/base/clock.h"

#define FIFO_SIZE     (1024 * 1024) /* what any user may have, pipe(7) */
#define FIFO_MODE     0600
#define READ_SIZE     (64 * 1024)
#define SIGNAL_STATUS 128 /* and the signal's number: what a shell makes of it */

/* --- the FIFO --- */

static int fail(const struct watch *watch, const char *what)
{
    complain(watch->command, "%s: %s", what, strerror(errno));
    return EXIT_STATUS_FAILED;
}

void watch_close(struct watch *watch)
{
    unlink(watch->path);
    rmdir(watch->directory);
}

/* In a directory that nobody else can look into. Opened for writing too, so that it never ends while there is no
   process that writes. */
int watch_open(struct watch *watch, const char *variable)
{
    const char *parent = getenv("TMPDIR");
    char absolute[PATH_MAX];
    if (parent == NULL || realpath(parent, absolute) == NULL)
        strcpy(absolute, "/tmp");
    if (snprintf(watch->directory, PATH_MAX, "%s/v6shim-%s-XXXXXX", absolute, watch->command) >= PATH_MAX ||
        mkdtemp(watch->directory) == NULL)
        return fail(watch, "cannot make a directory for the FIFO in TMPDIR or /tmp");
    if (snprintf(watch->path, PATH_MAX, "%s/events", watch->directory) >= PATH_MAX ||
        mkfifo(watch->path, FIFO_MODE) != 0 ||
        (watch->fifo = open(watch->path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        setenv(variable, watch->path, 1) != 0) {
        int status = fail(watch, "cannot make the FIFO"); /* with the errno of that */
        watch_close(watch);
        return status;
    }
    fcntl(watch->fifo, F_SETPIPE_SZ, FIFO_SIZE); /* where that is not allowed, less fits in */
    return EXIT_STATUS_OK;
}

/* Cuts what was read into lines; the beginning of one that is not complete is kept. */
static void take_bytes(struct watch *watch, const char *bytes, size_t length)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end != NULL ? (size_t)(end - bytes) : length;
        size_t room = sizeof watch->pending - watch->pending_length;
        memcpy(watch->pending + watch->pending_length, bytes, part < room ? part : room);
        watch->pending_length += part < room ? part : room;
        if (end == NULL)
            return;
        watch->take(watch->pending, watch->pending_length, watch->context);
        watch->pending_length = 0;
        bytes += part + 1;
        length -= part + 1;
    }
}

void watch_read(struct watch *watch)
{
    static char bytes[READ_SIZE];
    ssize_t count;
    while ((count = read(watch->fifo, bytes, sizeof bytes)) > 0)
        take_bytes(watch, bytes, (size_t)count);
}

/* --- the program --- */

/* Signals are for the program. Those that a terminal sends go to the whole foreground group: it has them already. */
static void set_up_signals(struct watch *watch)
{
    static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, &watch->mask);
    watch->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int watch_start(struct watch *watch, const char *path, char **argv)
{
    set_up_signals(watch);
    fflush(NULL);
    watch->program = watch->signals < 0 ? -1 : fork();
    if (watch->program == 0) {
        sigprocmask(SIG_SETMASK, &watch->mask, NULL);
        int status = launch_execute(watch->command, path, argv);
        fflush(NULL);
        _exit(status);
    }
    if (watch->program < 0)
        return fail(watch, "cannot start a process");
    signal(SIGPIPE, SIG_IGN); /* of our own output; the program runs on */
    return EXIT_STATUS_OK;
}

static bool program_has_ended(struct watch *watch)
{
    return waitpid(watch->program, &watch->status, WNOHANG) == watch->program;
}

/* False when the program has ended. */
static bool take_signals(struct watch *watch)
{
    struct signalfd_siginfo info;
    bool runs = true;
    while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            runs = runs && !program_has_ended(watch);
        else if (info.ssi_code <= 0 && runs) /* from a process, not from the kernel */
            kill(watch->program, (int)info.ssi_signo);
    }
    return runs;
}

void watch_follow(struct watch *watch)
{
    struct pollfd polled[] = {{.fd = watch->signals, .events = POLLIN}, {.fd = watch->fifo, .events = POLLIN}};
    bool runs = true;
    while (runs) {
        if (poll(polled, sizeof polled / sizeof polled[0], -1) < 0 && errno != EINTR)
            break;
        watch_read(watch);
        runs = take_signals(watch);
    }
    if (runs)
        waitpid(watch->program, &watch->status, 0);
    watch_read(watch);
}

/* Whether a signal has come that is meant to end us. */
static bool is_told_to_end(struct watch *watch)
{
    struct signalfd_siginfo info;
    bool told = false;
    while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info)
        told = told || (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGUSR1 && info.ssi_signo != SIGUSR2);
    return told;
}

enum watch_end watch_linger(struct watch *watch, const int *descriptors, size_t count, int timeout_ms)
{
    int64_t end_ms = clock_now_ms() + timeout_ms;
    struct pollfd polled[2 + WATCH_OTHERS_MAX] = {{.fd = watch->signals, .events = POLLIN},
                                                  {.fd = watch->fifo, .events = POLLIN}};
    for (size_t i = 0; i < count; i++)
        polled[2 + i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    for (;;) {
        int64_t left_ms = timeout_ms < 0 ? -1 : end_ms - clock_now_ms();
        if (timeout_ms >= 0 && left_ms <= 0)
            return WATCH_OVER;
        if (poll(polled, 2 + count, (int)left_ms) < 0 && errno != EINTR)
            return WATCH_OVER;
        watch_read(watch);
        if (is_told_to_end(watch))
            return WATCH_TOLD;
        for (size_t i = 0; i < count; i++)
            if (polled[2 + i].revents != 0)
                return WATCH_READABLE;
    }
}

int watch_end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    struct rlimit none = {0};
    int number = WTERMSIG(status);
    sigset_t only;
    setrlimit(RLIMIT_CORE, &none); /* there is one core file already, the program's */
    prctl(PR_SET_DUMPABLE, 0);
    fflush(NULL);
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    return SIGNAL_STATUS + number;
}
