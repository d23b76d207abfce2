#include "runtime/epoll_sets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"
#include "runtime/real.h"

#define READ_SIZE 1024

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
static bool read_registration(int epoll, int fd, struct epoll_event *event)
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
        uint64_t number, events, data;
        found = read_field(line, "tfd:", 10, &number) && number == (uint64_t)fd &&
                read_field(line, "events:", 16, &events) && read_field(line, "data:", 16, &data);
        if (found) {
            event->events = (uint32_t)events;
            event->data.u64 = data;
        }
    }
    syscall(SYS_close, lines.fd);
    return found;
}

static void take_from(int epoll, int fd, const struct epoll_event *event, struct epoll_registrations *registrations)
{
    if (registrations->count == EPOLL_SETS_MOST || REAL(epoll_ctl)(epoll, EPOLL_CTL_DEL, fd, NULL) != 0)
        return;
    registrations->watches[registrations->count++] = (struct socket_watch){.epoll = epoll, .event = *event};
}

/* The program has put the number into more sets than the table holds: the kernel is asked which. */
static void take_from_all(int fd, struct epoll_registrations *registrations)
{
    struct entry {
        uint64_t inode, offset;
        unsigned short length;
        unsigned char type;
        char name[];
    };
    char data[READ_SIZE] __attribute__((aligned(8)));
    int directory = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    for (long size; (size = syscall(SYS_getdents64, directory, data, sizeof data)) > 0;) {
        for (long at = 0; at < size;) {
            const struct entry *entry = (const struct entry *)(const void *)(data + at);
            char target[32] = "";
            struct epoll_event event;
            int epoll = atoi(entry->name);
            at += entry->length;
            if (syscall(SYS_readlinkat, directory, entry->name, target, sizeof target - 1) > 0 &&
                strcmp(target, "anon_inode:[eventpoll]") == 0 && read_registration(epoll, fd, &event))
                take_from(epoll, fd, &event, registrations);
        }
    }
    syscall(SYS_close, directory);
}

void epoll_sets_take(int fd, struct epoll_registrations *registrations)
{
    struct socket_watch watch;
    registrations->count = 0;
    if (!sockets_watched(fd, &watch))
        return;
    int saved = errno;
    if (watch.several) {
        take_from_all(fd, registrations);
    } else {
        /* A ONESHOT that has fired is disarmed, and that only the kernel knows. A placeholder never fires. */
        if ((watch.event.events & EPOLLONESHOT) != 0 && !sockets_has(fd, SOCKET_RACING))
            read_registration(watch.epoll, fd, &watch.event);
        take_from(watch.epoll, fd, &watch.event, registrations);
    }
    errno = saved;
}

void epoll_sets_restore(int fd, const struct epoll_registrations *registrations)
{
    int saved = errno;
    for (unsigned i = 0; i < registrations->count; i++) {
        struct epoll_event event = registrations->watches[i].event;
        /* Armed again it would report the hang-up of a socket that isn't connected yet. It is added when the program
           arms it: the hook of epoll_ctl turns its MOD into an ADD. */
        bool disarmed = (event.events & EPOLLONESHOT) != 0 &&
                        (event.events & ~(uint32_t)(EPOLLONESHOT | EPOLLET | EPOLLWAKEUP | EPOLLERR | EPOLLHUP)) == 0;
        if (!disarmed)
            REAL(epoll_ctl)(registrations->watches[i].epoll, EPOLL_CTL_ADD, fd, &event);
    }
    errno = saved;
}

static bool is_left_out(int epoll, int fd)
{
    struct socket_watch watch;
    return sockets_watched(fd, &watch) &&
           (watch.several || (watch.epoll == epoll && (watch.event.events & EPOLLONESHOT) != 0));
}

int epoll_sets_control(int epoll, int operation, int fd, struct epoll_event *event)
{
    int before = errno, result = REAL(epoll_ctl)(epoll, operation, fd, event);
    if (result != 0 && errno == ENOENT && operation != EPOLL_CTL_ADD && is_left_out(epoll, fd)) {
        errno = before;
        result = operation == EPOLL_CTL_MOD ? REAL(epoll_ctl)(epoll, EPOLL_CTL_ADD, fd, event) : 0;
    }
    if (result == 0)
        sockets_watch(fd, epoll, operation == EPOLL_CTL_DEL ? NULL : event);
    return result;
}
