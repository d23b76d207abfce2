/* Descriptors that are made, copied and closed: the tables follow, the calls themselves are libc's. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/aware.h"
#include "runtime/background.h"
#include "runtime/guard.h"
#include "runtime/history.h"
#include "runtime/hook.h"
#include "runtime/race.h"
#include "runtime/real.h"
#include "runtime/sockets.h"

EXPORT int socket(int family, int type, int protocol)
{
    GUARD(guard);
    if (!GUARD_ENTER(guard))
        return REAL(socket)(family, type, protocol);
    race_clean_up();
    int fd = REAL(socket)(family, type, protocol);
    if (family == AF_INET6 && !guard.in_lookup)
        aware_set();
    if (fd >= 0 && family == AF_INET)
        sockets_add_ipv4(fd, type, protocol);
    else if (fd >= 0 && family == AF_INET6)
        sockets_add_native(fd);
    else if (fd >= 0)
        sockets_add_other(fd);
    return fd;
}

/*
 * A vfork() child shares our memory: what it closes is still open in its parent, so a number's record goes only in
 * the process that owns the tables. To ask costs a system call, so it is asked only for sockets that we have changed;
 * records of others stay until the number is given to a new socket.
 */
static void forget_if_ours(int fd)
{
    if (background_is(fd))
        background_cancel(fd);
    if (sockets_has(fd, SOCKET_UPGRADED) && start_owns_memory())
        sockets_forget(fd);
}

EXPORT int close(int fd)
{
    GUARD(guard);
    if (GUARD_ENTER(guard)) {
        race_clean_up();
        history_flush();
        forget_if_ours(fd);
        errno = guard.error;
    }
    return REAL(close)(fd);
}

/* After a successful duplication of `from`. A record that `to` still has is overwritten by its owner only. */
static int copied(const struct guard *guard, int from, int to)
{
    if (to >= 0 && from != to && guard->entered) {
        int saved = errno;
        if (!(sockets_has(to, SOCKET_UPGRADED) || sockets_has(from, SOCKET_UPGRADED)) || start_owns_memory())
            sockets_copy(from, to);
        errno = saved;
    }
    return to;
}

/* Two numbers for one socket are more than a race can follow; what stands under `number` is about to be closed. */
static void before_copy(struct guard *guard, int fd, int number)
{
    if (!guard->entered || fd == number)
        return;
    if (background_is(fd))
        background_collapse(fd);
    if (number >= 0 && background_is(number))
        background_cancel(number);
}

EXPORT int dup(int fd)
{
    GUARD(guard);
    GUARD_ENTER(guard);
    before_copy(&guard, fd, -1);
    return copied(&guard, fd, REAL(dup)(fd));
}

EXPORT int dup2(int fd, int number)
{
    GUARD(guard);
    GUARD_ENTER(guard);
    before_copy(&guard, fd, number);
    return copied(&guard, fd, REAL(dup2)(fd, number));
}

EXPORT int dup3(int fd, int number, int flags)
{
    GUARD(guard);
    GUARD_ENTER(guard);
    before_copy(&guard, fd, number);
    return copied(&guard, fd, REAL(dup3)(fd, number, flags));
}

/* What a race in the background can't follow ends it: duplicates, blocking, signals. */
static void before_fcntl(struct guard *guard, int fd, int command, void *argument)
{
    int flags = (int)(intptr_t)argument;
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC ||
        (command == F_SETFL && ((flags & O_NONBLOCK) == 0 || (flags & O_ASYNC) != 0)))
        before_copy(guard, fd, -1);
}

/* The third argument of fcntl(), whatever it is, is passed on as the pointer-sized word that it was passed in. */
#define FCNTL(name)                                                                                    \
    EXPORT int name(int fd, int command, ...)                                                          \
    {                                                                                                  \
        GUARD(guard);                                                                                  \
        va_list arguments;                                                                             \
        va_start(arguments, command);                                                                  \
        void *argument = va_arg(arguments, void *);                                                    \
        va_end(arguments);                                                                             \
        GUARD_ENTER(guard);                                                                            \
        before_fcntl(&guard, fd, command, argument);                                                   \
        int result = REAL(name)(fd, command, argument);                                                \
        return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(&guard, fd, result) : result; \
    }

FCNTL(fcntl)
FCNTL(fcntl64)
