/* Makes one attempt on the program's own socket; called by preload/connect/connection.c. */
#include "preload/connect/single.h"

#include <errno.h>

#include "preload/base/guard.h"
#include "preload/connect/patience.h"
#include "preload/log/log.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/upgrade/upgrade.h"

/* The real connect(), which may sleep: hooks that a signal handler calls meanwhile have to act. */
static int connect_within(int fd, const struct ip_address *address, uint16_t port, int64_t limit_ms)
{
    struct sockaddr_storage socket_address;
    socklen_t length = address_to_sockaddr(address, port, &socket_address);
    uintptr_t guard = guard_lift();
    int result = patience_connect(fd, (const struct sockaddr *)&socket_address, length, limit_ms);
    guard_restore(guard);
    return result;
}

int single_connect(int fd, const struct ip_address *address, uint16_t port)
{
    return connect_within(fd, address, port, PATIENCE_FOREVER);
}

bool single_is_underway(int result)
{
    return result == 0 || result == -EINPROGRESS || result == -EINTR || result == -EALREADY || result == -EISCONN ||
           result == -EAGAIN;
}

/* To the program, a socket that stays with IPv4 has no route to an IPv6 address. What could not be set on another
   socket (-EPERM for a mark, -EACCES for a port) says nothing of the peer, either. */
static int told_of_upgrade(int error)
{
    switch (-error) {
    case EISCONN:
        return error;
    case EBADF: /* the number is beyond RLIMIT_NOFILE by now: no socket can take it */
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
        return -ENOBUFS; /* what connect(2) says of a shortage */
    default:
        return -ENETUNREACH;
    }
}

/* One candidate on the program's socket, which becomes an IPv6 one when the first IPv6 candidate needs it. */
static int connect_one(int fd, const struct ip_address *candidate, uint16_t port, int64_t limit_ms)
{
    if (candidate->family == AF_INET6) {
        int result = upgrade_to_connect(fd);
        if (result < 0)
            return told_of_upgrade(result);
        return connect_within(fd, candidate, port, limit_ms);
    }
    if (!sockets_has(fd, SOCKET_UPGRADED))
        return single_connect(fd, candidate, port);
    struct ip_address mapped = address_map(candidate->ipv4);
    int result = single_connect(fd, &mapped, port);
    if (result == 0 && sockets_has(fd, SOCKET_STREAM))
        upgrade_undo_when_ipv4(fd);
    return result;
}

static void log_outcome(int fd, const struct ip_address *candidate, uint16_t port, int result)
{
    if (result == -EINPROGRESS)
        log_connection(EVENT_HANDED, fd, candidate, port, 0);
    else if (result == -EINTR)
        log_connection(EVENT_INTERRUPTED, fd, candidate, port, 0);
    else
        log_attempt(fd, candidate, port, result);
}

int single_try(int fd, const struct ip_address *candidate, uint16_t port, int64_t limit_ms)
{
    log_attempt(fd, candidate, port, -EINPROGRESS);
    int result = connect_one(fd, candidate, port, limit_ms);
    log_outcome(fd, candidate, port, result);
    return result;
}

int single_try_untouched(int fd, const struct ip_address *candidate, uint16_t port)
{
    int result = upgrade_untouched(fd);
    if (result == -ESTALE)
        return result;
    log_attempt(fd, candidate, port, -EINPROGRESS);
    sockets_set(sockets_find(fd), SOCKET_TRIED);
    result = result < 0 ? told_of_upgrade(result) : connect_within(fd, candidate, port, PATIENCE_FOREVER);
    log_outcome(fd, candidate, port, result);
    return result;
}
