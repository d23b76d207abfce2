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
