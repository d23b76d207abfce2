/* Waiting for descriptors. */
#include <sys/epoll.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/limit.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/hooks/plain_wait.h"
#include "preload/socket/epoll_kernel.h"
#include "preload/socket/epoll_sets.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/wait.h"

static NOINLINE int control_epoll(int epoll, int operation, int fd, struct epoll_event *event)
{
    GUARD(guard);
    if (!GUARD_ENTER_QUICK(guard) || sockets_find(fd) == NULL ||
        (operation != EPOLL_CTL_DEL && !pointer_can_read(event, sizeof *event)))
        return REAL(epoll_ctl)(epoll, operation, fd, event);
    int result;
    if (background_is(fd) && background_epoll_control(epoll, operation, fd, event, &result))
        return result;
    return epoll_sets_control(epoll, operation, fd, event);
}

EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    epoll_kernel_note(epoll);
    if (is_ready() && !sockets_item_is_record(sockets_item(fd)))
        return REAL_BOUND(epoll_ctl)(epoll, operation, fd, event);
    return control_epoll(epoll, operation, fd, event);
}

/* A time-out in milliseconds; negative is for ever, NULL. */
static const struct timespec *limit_in(struct timespec *limit, int timeout_ms)
{
    limit->tv_sec = timeout_ms / CLOCK_MS_PER_S;
    limit->tv_nsec = (long)(timeout_ms % CLOCK_MS_PER_S) * CLOCK_NS_PER_MS;
    return timeout_ms < 0 ? NULL : limit;
}

static NOINLINE int wait_in_epoll(int epoll, struct epoll_event *events, int most, int timeout_ms,
                                  const sigset_t *mask)
{
    struct timespec limit;
    return guard_may_act() ? wait_epoll(epoll, events, most, limit_in(&limit, timeout_ms), mask, false)
                           : REAL(epoll_pwait)(epoll, events, most, timeout_ms, mask);
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    epoll_kernel_note(epoll);
    return wait_concerns_epoll() ? wait_in_epoll(epoll, events, most, timeout, NULL)
                                 : REAL(epoll_wait)(epoll, events, most, timeout);
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
    epoll_kernel_note(epoll);
    return wait_concerns_epoll() ? wait_in_epoll(epoll, events, most, timeout, mask)
                                 : REAL(epoll_pwait)(epoll, events, most, timeout, mask);
}

EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
                        const sigset_t *mask)
{
    epoll_kernel_note(epoll);
    return wait_concerns_epoll() && limit_is_valid(timeout) && guard_may_act()
               ? wait_epoll(epoll, events, most, timeout, mask, true)
               : REAL(epoll_pwait2)(epoll, events, most, timeout, mask);
}

static int poll_milliseconds(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    struct timespec limit;
    return wait_ppoll(polled, count, limit_in(&limit, timeout_ms), NULL);
}

static NOINLINE int poll_slow(struct pollfd *polled, nfds_t count, int timeout)
{
    wait_prepare_polled(polled, count);
    return wait_concerns_polled(polled, count) ? poll_milliseconds(polled, count, timeout)
                                               : REAL(poll)(polled, count, timeout);
}

EXPORT int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    return is_plain_wait() ? REAL(poll)(polled, count, timeout) : poll_slow(polled, count, timeout);
}

EXPORT int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t size)
{
    /* A count beyond the array is libc's to punish. */
    if (size / sizeof *polled >= count)
        wait_prepare_polled(polled, count);
    return size / sizeof *polled >= count && wait_concerns_polled(polled, count)
               ? poll_milliseconds(polled, count, timeout)
               : REAL(__poll_chk)(polled, count, timeout, size);
}

static NOINLINE int ppoll_slow(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                               const sigset_t *mask)
{
    wait_prepare_polled(polled, count);
    return wait_concerns_polled(polled, count) && limit_is_valid(timeout) ? wait_ppoll(polled, count, timeout, mask)
                                                                          : REAL(ppoll)(polled, count, timeout, mask);
}

EXPORT int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    return is_plain_wait() ? REAL(ppoll)(polled, count, timeout, mask) : ppoll_slow(polled, count, timeout, mask);
}

EXPORT int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                       size_t size)
{
    if (size / sizeof *polled >= count)
        wait_prepare_polled(polled, count);
    return size / sizeof *polled >= count && wait_concerns_polled(polled, count) && limit_is_valid(timeout)
               ? wait_ppoll(polled, count, timeout, mask)
               : REAL(__ppoll_chk)(polled, count, timeout, mask, size);
}

/* The kernel tells it in the caller's timeout. musl gives it a copy: loops of its programs go on with the same one.
 */
#ifdef __GLIBC__
#define SELECT_TELLS_TIME_LEFT true
#else
#define SELECT_TELLS_TIME_LEFT false
#endif

static NOINLINE int select_slow(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                                struct timeval *timeout)
{
    struct timespec limit, left;
    wait_prepare_sets(count, readable);
    /* What the kernel would refuse, it is given to refuse. */
    if (!wait_concerns_sets(count, readable, writable, exceptional) ||
        (timeout != NULL &&
         (!pointer_can_read(timeout, sizeof *timeout) || timeout->tv_sec < 0 || timeout->tv_usec < 0)))
        return REAL(select)(count, readable, writable, exceptional, timeout);
    if (timeout == NULL)
        return wait_pselect(count, readable, writable, exceptional, NULL, NULL, NULL);
    limit.tv_sec = timeout->tv_sec + timeout->tv_usec / CLOCK_US_PER_S;
    limit.tv_nsec = timeout->tv_usec % CLOCK_US_PER_S * CLOCK_NS_PER_US;
    int ready = wait_pselect(count, readable, writable, exceptional, &limit, &left, NULL);
    if (SELECT_TELLS_TIME_LEFT &&
        pointer_can_write(timeout, sizeof *timeout)) { /* a constant stays as it is, as the kernel has it */
        timeout->tv_sec = left.tv_sec;
        timeout->tv_usec = left.tv_nsec / CLOCK_NS_PER_US;
    }
    return ready;
}

EXPORT int select(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
                  struct timeval *restrict timeout)
{
    return is_plain_wait() ? REAL(select)(count, readable, writable, exceptional, timeout)
                           : select_slow(count, readable, writable, exceptional, timeout);
}

static NOINLINE int pselect_slow(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                                 const struct timespec *timeout, const sigset_t *mask)
{
    wait_prepare_sets(count, readable);
    return wait_concerns_sets(count, readable, writable, exceptional) && limit_is_valid(timeout)
               ? wait_pselect(count, readable, writable, exceptional, timeout, NULL, mask)
               : REAL(pselect)(count, readable, writable, exceptional, timeout, mask);
}

EXPORT int pselect(int count, fd_set *restrict readable, fd_set *restrict writable, fd_set *restrict exceptional,
                   const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    return is_plain_wait() ? REAL(pselect)(count, readable, writable, exceptional, timeout, mask)
                           : pselect_slow(count, readable, writable, exceptional, timeout, mask);
}
