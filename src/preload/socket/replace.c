/* Puts a socket under all numbers of another one; called by upgrades and at the end of races. */
#include "preload/socket/replace.h"

#include <errno.h>
#include <fcntl.h>

#include "preload/log/log.h"
#include "preload/socket/epoll_kernel.h"
#include "preload/socket/epoll_sets.h"
#include "preload/system/high_fd.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

#define CARRIED_FLAGS (O_NONBLOCK | O_APPEND)

/* What belongs to the open file rather than to the socket: status flags, owner and signal of SIGIO. Gives the flags
   that `from` has, or -errno. */
static int carry_file(int from, int to)
{
    struct f_owner_ex owner;
    int flags = REAL(fcntl)(from, F_GETFL);
    if (flags < 0)
        return -errno;
    if (REAL(fcntl)(from, F_GETOWN_EX, &owner) == 0 && owner.pid != 0 && REAL(fcntl)(to, F_SETOWN_EX, &owner) != 0)
        return -errno;
    if ((flags & O_ASYNC) != 0) {
        int signal_number = REAL(fcntl)(from, F_GETSIG);
        if (signal_number > 0 && REAL(fcntl)(to, F_SETSIG, signal_number) != 0)
            return -errno;
    }
    if ((flags & CARRIED_FLAGS) != 0 && REAL(fcntl)(to, F_SETFL, flags & CARRIED_FLAGS) != 0)
        return -errno;
    return flags;
}

struct replacement {
    int first, socket;
    uint64_t cookie; /* of the socket that goes */
    int error;       /* of the number that the call was about */
};

static int replace_one(int number, int socket)
{
    int descriptor_flags = REAL(fcntl)(number, F_GETFD);
    if (descriptor_flags < 0)
        return -errno;
    struct epoll_registrations registrations;
    epoll_sets_take(number, &registrations);
    int flags = (descriptor_flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
    /* The program goes on meanwhile where its socket is exchanged by the thread of races. */
    int old = sockets_has(number, SOCKET_RACING) && epoll_kernel_next(0) >= 0 ? high_fd_copy(number) : -1;
    int error = REAL(dup3)(socket, number, flags) < 0 ? -errno : 0;
    if (old >= 0 && error == 0)
        epoll_sets_catch_up(number, old, &registrations);
    if (old >= 0)
        REAL(close)(old);
    epoll_sets_restore(number, &registrations);
    return error;
}

static void replace_if_same(int number, void *context)
{
    struct replacement *replacement = context;
    if (replacement->error != 0 || kernel_socket_cookie(number) != replacement->cookie)
        return;
    int error = replace_one(number, replacement->socket);
    if (number == replacement->first)
        replacement->error = error;
    else if (error != 0)
        log_error(LOG_LEVEL_WARNING, "a duplicate of a socket could not be replaced and stays as it was", NULL,
                  -error);
}

static int replace_all(int fd, const struct socket_record *record, int socket)
{
    struct replacement replacement = {.first = fd, .socket = socket, .cookie = kernel_socket_cookie(fd)};
    sockets_each_number(record, fd, replace_if_same, &replacement);
    return replacement.error;
}

/* Once. */
static int try_to_replace(int fd, struct socket_record *record, int socket)
{
    int flags = carry_file(fd, socket);
    if (flags < 0)
        return flags;
    int error = record != NULL && atomic_load(&record->numbers) > 1 ? replace_all(fd, record, socket)
                                                                    : replace_one(fd, socket);
    if (error != 0)
        return error;
    /* Last, and by this number: it is what the signal tells (si_fd). */
    if ((flags & O_ASYNC) != 0)
        REAL(fcntl)(fd, F_SETFL, flags & (CARRIED_FLAGS | O_ASYNC));
    return 0;
}

int replace_socket(int fd, struct socket_record *record, int socket)
{
    /* Twice, since a program that waits for the end of a race can't be told that a call failed for the moment. */
    int result = try_to_replace(fd, record, socket);
    if (result < 0)
        result = try_to_replace(fd, record, socket);
    if (result == 0)
        REAL(close)(socket);
    return result;
}
