#include "runtime/trace.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "runtime/observe.h"
#include "runtime/raw_file.h"
#include "runtime/shelter.h"
#include "runtime/start.h"

#define NONE         (-1)
#define HIGH_NUMBERS 1024 /* the descriptor's, or in the upper half of a smaller limit */

static char path[PATH_MAX];
static _Atomic int descriptor = NONE;
static _Atomic uint64_t device, inode; /* of what it is open on */
static _Atomic unsigned lost;
static __thread bool keeps_numbers __attribute__((tls_model("initial-exec")));

void trace_keep_numbers(void)
{
    keeps_numbers = true;
}

static void stop(void)
{
    atomic_fetch_and(&observe_decisions, ~OBSERVE_BY_TRACE);
}

/* Numbers may be closed by the program, and given to files of its own. */
static bool is_ours(int fd)
{
    struct stat status;
    return fd != NONE && fstat(fd, &status) == 0 && status.st_dev == atomic_load(&device) &&
           status.st_ino == atomic_load(&inode);
}

static int move_high(int fd)
{
    struct rlimit limit;
    bool small = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS;
    int moved = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, small ? (int)(limit.rlim_cur / 2) : HIGH_NUMBERS);
    raw_close(fd);
    return moved < 0 ? NONE : moved;
}

/* For reading too: a FIFO whose reader has gone then takes what still fits, where a write would raise SIGPIPE. */
static int open_path(void)
{
    struct stat status;
    int fd = raw_openat(AT_FDCWD, path, O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == EINTR))
        return NONE;
    if (fd < 0 || fstat(fd, &status) != 0 || !(S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode))) {
        if (fd >= 0)
            raw_close(fd);
        stop();
        return NONE;
    }
    atomic_store(&device, status.st_dev);
    atomic_store(&inode, status.st_ino);
    return move_high(fd);
}

static int reopen(int old)
{
    struct shelter shelter;
    shelter_enter(&shelter);
    int fd = open_path();
    if (fd != NONE && !atomic_compare_exchange_strong(&descriptor, &old, fd)) {
        raw_close(fd); /* another thread was quicker */
        fd = old;
    }
    shelter_leave(&shelter);
    return fd;
}

void trace_write(const struct event *event)
{
    int saved = errno, fd = atomic_load(&descriptor);
    if (!is_ours(fd))
        fd = keeps_numbers || !start_owns_memory() ? NONE : reopen(fd);
    char data[EVENT_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    struct event whole = *event;
    whole.lost = atomic_exchange(&lost, 0);
    event_to_json(&whole, &line);
    if (fd == NONE || syscall(SYS_write, fd, line.data, line.length) != (long)line.length)
        atomic_fetch_add(&lost, whole.lost + 1);
    errno = saved;
}

void trace_start(void)
{
    const char *named = secure_getenv("V6SHIM_TRACE");
    if (named == NULL || named[0] == '\0' || strlen(named) >= sizeof path)
        return;
    strcpy(path, named);
    atomic_fetch_or(&observe_decisions, OBSERVE_BY_TRACE);
    observe_name(EVENT_PROCESS, program_invocation_short_name, NULL, 0);
}
