/* Connects the program's own socket as the first attempt of a race; called by preload/connect/race.c. */
#include "preload/connect/own_attempt.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/guard.h"
#include "preload/connect/patience.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

static bool is_forever(const struct timeval *time)
{
    return time->tv_sec == 0 && time->tv_usec == 0;
}

int64_t own_attempt_begin(struct own_attempt *own, const struct original *original)
{
    socklen_t length = sizeof own->before;
    own->fd = original->fd;
    own->before = (struct timeval){0};
    atomic_store(&own->is_limited, false);
    own->cookie = kernel_socket_cookie(own->fd);
    bool is_known = REAL(getsockopt)(own->fd, SOL_SOCKET, SO_SNDTIMEO, &own->before, &length) == 0;
    own->may_be_tried = is_known && own->cookie != 0 && original->family == AF_INET && original->port == 0 &&
                        address_is_unspecified(&original->address) && !sockets_defer_connect(original->record);
    if (is_forever(&own->before))
        return OWN_ATTEMPT_FOREVER;
    return (int64_t)own->before.tv_sec * CLOCK_MS_PER_S + own->before.tv_usec / CLOCK_US_PER_MS;
}

bool own_attempt_can_reach(const struct own_attempt *own, const struct ip_address *candidate)
{
    return own->may_be_tried && candidate->family == AF_INET;
}

static int set_limit(const struct own_attempt *own, const struct timeval *limit)
{
    return REAL(setsockopt)(own->fd, SOL_SOCKET, SO_SNDTIMEO, limit, sizeof *limit) == 0 ? 0 : -EAGAIN;
}

void own_attempt_give_back(struct own_attempt *own)
{
    if (atomic_exchange(&own->is_limited, false) && kernel_socket_cookie(own->fd) == own->cookie)
        set_limit(own, &own->before);
}

/* With a limit the kernel lets every signal end connect(); another call goes on with the same attempt, and says
   EALREADY where the time ends. */
static int wait_for_connection(struct own_attempt *own, const struct sockaddr *address, socklen_t length,
                               int64_t now_ms, int64_t end_ms)
{
    bool is_begun = false;
    for (; now_ms < end_ms; now_ms = clock_now_ms(), is_begun = true) {
        int64_t left_ms = end_ms - now_ms;
        struct timeval limit = {.tv_sec = left_ms / CLOCK_MS_PER_S,
                                .tv_usec = left_ms % CLOCK_MS_PER_S * CLOCK_US_PER_MS};
        atomic_store(&own->is_limited, true); /* before it is so: a jump may come between */
        if (set_limit(own, &limit) != 0)
            return is_begun ? -EINPROGRESS : -EAGAIN;
        uintptr_t lifted = guard_lift();
        int result = REAL(connect)(own->fd, address, length) == 0 ? 0 : -errno;
        guard_restore(lifted);
        if (result == -EALREADY)
            return -EINPROGRESS;
        if (result != -EINTR || !patience_handlers_restart())
            return result;
    }
    return is_begun ? -EINPROGRESS : -EAGAIN;
}

int own_attempt_connect(struct own_attempt *own, const struct ip_address *candidate, uint16_t port, int64_t now_ms,
                        int64_t end_ms)
{
    struct sockaddr_storage address;
    socklen_t length = address_to_sockaddr(candidate, port, &address);
    int result = wait_for_connection(own, (const struct sockaddr *)&address, length, now_ms, end_ms);
    if (result != 0 && result != -EINTR) { /* after which the race ends, with signals held off */
        struct critical_section section;
        critical_section_enter(&section);
        own_attempt_give_back(own);
        critical_section_leave(&section);
    }
    return result;
}

/* connect() once more: the kernel takes the socket for connected, or for free again, only then. Too short an address
   for anything else. */
int own_attempt_result(const struct own_attempt *own)
{
    struct sockaddr nowhere = {.sa_family = AF_INET};
    int state = kernel_tcp_state(own->fd);
    if (state == TCP_SYN_SENT || state == TCP_SYN_RECV)
        return -EINPROGRESS;
    int result = REAL(connect)(own->fd, &nowhere, sizeof nowhere.sa_family) == 0 ? 0 : -errno;
    switch (result) {
    case -EISCONN: /* another thread has done so */
        return 0;
    case -EINVAL: /* or has ended it */
        return -ECONNABORTED;
    default:
        return result;
    }
}

void own_attempt_dissolve(const struct own_attempt *own)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (kernel_socket_cookie(own->fd) == own->cookie)
        REAL(connect)(own->fd, &nowhere, sizeof nowhere);
}
