/* Asks the kernel which epoll sets hold a file; called when a socket is exchanged. */
#include "preload/socket/epoll_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/text.h"
#include "preload/base/guard.h"
#include "preload/system/own_table.h"

_Atomic uint64_t epoll_kernel_sets[EPOLL_KERNEL_NUMBERS / EPOLL_KERNEL_BITS];
static _Atomic unsigned sets_end; /* beyond the highest that is known */

void epoll_kernel_add(unsigned epoll)
{
    unsigned end = atomic_load(&sets_end);
    while (epoll >= end && !atomic_compare_exchange_weak(&sets_end, &end, epoll + 1))
        continue;
    atomic_fetch_or(&epoll_kernel_sets[epoll / EPOLL_KERNEL_BITS], UINT64_C(1) << epoll % EPOLL_KERNEL_BITS);
}

static void forget(unsigned epoll)
{
    atomic_fetch_and(&epoll_kernel_sets[epoll / EPOLL_KERNEL_BITS], ~(UINT64_C(1) << epoll % EPOLL_KERNEL_BITS));
}

int epoll_kernel_next(int from)
{
    unsigned end = atomic_load(&sets_end);
    for (unsigned number = (unsigned)from; number < end; number++) {
        uint64_t rest = atomic_load(&epoll_kernel_sets[number / EPOLL_KERNEL_BITS]) >> number % EPOLL_KERNEL_BITS;
        if (rest != 0)
            return (int)number + __builtin_ctzll(rest);
        number |= EPOLL_KERNEL_BITS - 1; /* on to the next word */
    }
    return -1;
}

#define READ_SIZE 512

/* A text file of /proc, read line by line from a small buffer on the stack. */
struct lines {
    int fd;
    size_t start, end;
    char data[READ_SIZE];
};

/* The next line without its end, cut where it is longer than the buffer; NULL at the end. */
static char *next_line(struct lines *lines)
{
    for (;;) {
        char *end = memchr(lines->data + lines->start, '\n', lines->end - lines->start);
        if (end != NULL) {
            char *line = lines->data + lines->start;
            *end = '\0';
            lines->start = (size_t)(end + 1 - lines->data);
            return line;
        }
        memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
        if (lines->end == sizeof lines->data)
            lines->end = 0;
        long count = syscall(SYS_read, lines->fd, lines->data + lines->end, sizeof lines->data - lines->end);
        if (count <= 0)
            return NULL;
        lines->end += (size_t)count;
    }
}

/* The number behind a key of a line like "tfd: 5 events: 19 data: 5", in that base. */
static bool read_field(const char *line, const char *key, int base, uint64_t *value)
{
    const char *at = strstr(line, key);
    if (at == NULL)
        return false;
    *value = strtoull(at + strlen(key), NULL, base);
    return true;
}

/* How the kernel says that `fd` is registered in the set `epoll`. */
static bool read_registration(int epoll, int number, struct epoll_event *event)
{
    char path[64];
    struct text text = text_on(path, sizeof path);
    text_add(&text, "/proc/self/fdinfo/");
    text_add_number(&text, epoll);
    struct lines lines = {.fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)};
    if (lines.fd < 0)
        return false;
    bool found = false;
    for (char *line; !found && (line = next_line(&lines)) != NULL;) {
        uint64_t registered, events, data;
        found = read_field(line, "tfd:", 10, &registered) && registered == (uint64_t)number &&
                read_field(line, "events:", 16, &events) && read_field(line, "data:", 16, &data);
        if (found) {
            event->events = (uint32_t)events;
            event->data.u64 = data;
        }
    }
    syscall(SYS_close, lines.fd);
    return found;
}

struct question {
    int epoll, number;
    struct epoll_event *event;
    bool found;
};

static void answer(void *data)
{
    struct question *question = data;
    question->found = read_registration(question->epoll, question->number, question->event);
    if (question->found || errno != EMFILE)
        return;
    /* In a table of our own every number is ours. */
    syscall(SYS_close, question->epoll == 0);
    question->found = read_registration(question->epoll, question->number, question->event);
}

bool epoll_kernel_read(int epoll, int number, struct epoll_event *event)
{
    struct question question = {.epoll = epoll, .number = number, .event = event};
    int saved = errno;
    /* The thread of races must not make descriptors, a program's thread may have none left. */
    bool asked = guard_innermost == GUARD_OWN_THREAD && own_table_run(answer, &question);
    if (!asked) {
        errno = 0;
        question.found = read_registration(epoll, number, event);
        if (!question.found && errno == EMFILE)
            own_table_run(answer, &question);
    }
    errno = saved;
    return question.found;
}

/* kcmp(2): whether a file of this thread's is the one that a set holds under a number (Linux 4.13). */
#define KCMP_EPOLL_TFD 7
struct epoll_slot {
    uint32_t epoll, number, place; /* of several files that have had the number */
};

enum holds { HOLDS_NOT, HOLDS, HOLDS_UNKNOWN };

static enum holds ask_kcmp(int epoll, int number, int file)
{
    static _Atomic int answers; /* 1: it has; -1: it is refused */
    if (atomic_load(&answers) < 0)
        return HOLDS_UNKNOWN;
    long thread = syscall(SYS_gettid);
    for (struct epoll_slot slot = {.epoll = (uint32_t)epoll, .number = (uint32_t)number};; slot.place++) {
        long order = syscall(SYS_kcmp, thread, thread, KCMP_EPOLL_TFD, file, &slot);
        if (order >= 0 || errno == ENOENT)
            atomic_store(&answers, 1);
        if (order == 0)
            return HOLDS;
        if (order > 0)
            continue;
        if (errno == ENOENT)
            return HOLDS_NOT;
        if (errno == EBADF || (errno == EINVAL && atomic_load(&answers) > 0)) { /* no epoll set any more */
            forget((unsigned)epoll);
            return HOLDS_NOT;
        }
        atomic_store(&answers, -1);
        return HOLDS_UNKNOWN;
    }
}

bool epoll_kernel_holds(int epoll, int number, int file)
{
    struct epoll_event event;
    int saved = errno;
    enum holds holds = ask_kcmp(epoll, number, file);
    errno = saved;
    return holds == HOLDS || (holds == HOLDS_UNKNOWN && epoll_kernel_read(epoll, number, &event));
}
