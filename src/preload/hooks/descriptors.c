/* Descriptors that are made, copied and closed: the tables follow, the calls themselves are libc's. */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/background.h"
#include "preload/connect/patience.h"
#include "preload/hooks/pending.h"
#include "preload/resolve/aware.h"
#include "preload/socket/sockets.h"
#include "preload/system/older.h"
#include "preload/system/real.h"
#include "preload/system/time64.h"

EXPORT int socket(int family, int type, int protocol)
{
    GUARD(guard);
    if (!GUARD_ENTER_QUICK(guard))
        return REAL(socket)(family, type, protocol);
    race_clean_up();
    patience_clean_up();
    int fd = REAL(socket)(family, type, protocol);
    if (family == AF_INET6 && !guard.in_lookup)
        aware_set();
    /* A vfork() child has closed its parent's socket: the record of the number is still its parent's. */
    if (fd >= 0 && sockets_is_in_doubt(fd) && !owns_memory())
        return fd;
    if (fd >= 0 && family == AF_INET)
        sockets_add_ipv4(fd, type, protocol);
    else if (fd >= 0 && family == AF_INET6)
        sockets_add_native(fd);
    else if (fd >= 0)
        sockets_add_other(fd);
    return fd;
}

/*
 * A vfork() child shares our memory: what it closes is still open in its parent, and to ask which process this is
 * would cost a system call. So a number's record stays, in doubt, until the number is seen again or given to a new
 * socket.
 */
static NOINLINE int close_slow(int fd)
{
    GUARD(guard);
    pthread_testcancel();
    if (GUARD_ENTER(guard)) {
        race_clean_up();
        patience_clean_up();
        history_flush();
        if (background_is(fd))
            background_cancel(fd);
        sockets_note_closed(fd);
        errno = guard.error;
    }
    return REAL(close)(fd);
}

EXPORT int close(int fd)
{
    uint32_t item = sockets_item(fd);
    if (is_ready() && !hooks_have_pending()) {
        if (!sockets_item_is_record(item))
            return REAL_BOUND(close)(fd);
        if (!sockets_item_has(item, SOCKET_RACING)) {
            if (guard_innermost != GUARD_OWN_THREAD) /* which may have numbers of its own */
                sockets_note_closed(fd);
            return REAL_BOUND(close)(fd);
        }
    }
    return close_slow(fd);
}

/* After a successful duplication of `from`. A record that `to` still has is overwritten by its owner only. */
static NOINLINE void note_copy(int from, int to)
{
    int saved = errno;
    if (from != to && guard_may_act() &&
        (!(sockets_has(to, SOCKET_UPGRADED) || sockets_has(from, SOCKET_UPGRADED)) || owns_memory()))
        sockets_copy(from, to);
    errno = saved;
}

/* Nothing is to be noted where the number says the same already. What needs nothing is noted too: the kernel would
   have to be asked about the copy. */
static inline int copied(int from, int to)
{
    if (to < 0)
        return to;
    uint32_t item = sockets_item(from);
    if (item != sockets_item(to) || !sockets_item_is_plain(item))
        note_copy(from, to);
    return to;
}

/* Two numbers for one socket are more than a race can follow; what stands under `number` is about to be closed. */
static inline void before_copy(int fd, int number)
{
    if (!background_any() || fd == number)
        return;
    if (background_is(fd))
        background_collapse(fd);
    if (number >= 0 && background_is(number))
        background_cancel(number);
}

EXPORT int dup(int fd)
{
    before_copy(fd, -1);
    return copied(fd, REAL(dup)(fd));
}

EXPORT int dup2(int fd, int number)
{
    before_copy(fd, number);
    return copied(fd, REAL(dup2)(fd, number));
}

EXPORT int dup3(int fd, int number, int flags)
{
    before_copy(fd, number);
    return copied(fd, REAL(dup3)(fd, number, flags));
}

/* What a race in the background can't follow ends it: duplicates, blocking, signals. */
static inline void before_fcntl(int fd, int command, void *argument)
{
    int flags = (int)(intptr_t)argument;
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC ||
        (command == F_SETFL && ((flags & O_NONBLOCK) == 0 || (flags & O_ASYNC) != 0)))
        before_copy(fd, -1);
}

/* The third argument of fcntl(), whatever it is, is passed on as the pointer-sized word that it was passed in. */
#define FCNTL(name, real)                                                                      \
    EXPORT int name(int fd, int command, ...)                                                  \
    {                                                                                          \
        va_list arguments;                                                                     \
        va_start(arguments, command);                                                          \
        void *argument = va_arg(arguments, void *);                                            \
        va_end(arguments);                                                                     \
        before_fcntl(fd, command, argument);                                                   \
        int result = real(fd, command, argument);                                              \
        return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result; \
    }

FCNTL(fcntl, REAL(fcntl))
FCNTL(fcntl64, REAL(fcntl64))
TIME64_ALSO(__fcntl_time64, fcntl64)
#ifdef OLDER_FCNTL
int older_fcntl(int fd, int command, ...); /* preload/hooks/older.c */
FCNTL(older_fcntl, REAL_OLDER(fcntl))
#endif
