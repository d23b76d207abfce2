/* Waiting for descriptors: which epoll sets the program's sockets are in. */
#include <sys/epoll.h>

#include "runtime/guard.h"
#include "runtime/hook.h"
#include "runtime/real.h"
#include "runtime/sockets.h"

EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    GUARD(guard);
    if (!GUARD_ENTER(guard) || sockets_find(fd) == NULL)
        return REAL(epoll_ctl)(epoll, operation, fd, event);
    int result = REAL(epoll_ctl)(epoll, operation, fd, event);
    if (result != 0 && errno == ENOENT && operation == EPOLL_CTL_MOD && sockets_has(fd, SOCKET_UPGRADED)) {
        /* A ONESHOT that was disarmed when the socket was exchanged: it goes back into the set now. */
        errno = guard.error;
        result = REAL(epoll_ctl)(epoll, EPOLL_CTL_ADD, fd, event);
    }
    if (result == 0)
        sockets_watch(fd, epoll, operation == EPOLL_CTL_DEL ? NULL : event);
    return result;
}

EXPORT int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    return REAL(poll)(polled, count, timeout);
}

EXPORT int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    return REAL(ppoll)(polled, count, timeout, mask);
}
EXPORT int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t size)
{
    return REAL(__poll_chk)(polled, count, timeout, size);
}

EXPORT int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                       size_t size)
{
    return REAL(__ppoll_chk)(polled, count, timeout, mask, size);
}
EXPORT int select(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
                  struct timeval *restrict timeout)
{
    return REAL(select)(count, readable, writable, exceptional, timeout);
}
EXPORT int pselect(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
                   const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    return REAL(pselect)(count, readable, writable, exceptional, timeout, mask);
}
