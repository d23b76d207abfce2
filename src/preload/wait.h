/*
 * poll(), select() and epoll_wait() where the kernel's answer isn't the program's:
 *
 * While races run in the background, a thread that sleeps for reading only would sleep on the placeholder for ever;
 * so racing numbers are watched for writing as well, which the winner is at once, and the call is made again with the
 * time that remains.
 *
 * A UDP socket without our filter (preload/upgrade/spoof_check.h) may be readable for forged datagrams alone. They
 * are thrown away, and if nothing else woke the program, it sleeps on.
 *
 * So may one that has asked a name server, for the answer to a question of ours alone (preload/queries/queries.h).
 *
 * Async-signal-safe; as the calls whose names they carry, errno included.
 */
#ifndef V6SHIM_PRELOAD_WAIT_H
#define V6SHIM_PRELOAD_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "preload/queries/queries.h"
#include "preload/upgrade/spoof_check.h"

/* Before waiting: what the program will wait for is made ready for it, see messages_prepare_to_wait(). Does nothing
   in a process that has not been given an alias. */
void wait_prepare_polled(struct pollfd *polled, nfds_t count);
void wait_prepare_sets(int count, const fd_set *readable);

/* Whether any of them is racing, or needs the spoof check: if not, the real functions will do. */
bool wait_concerns_polled(struct pollfd *polled, nfds_t count);
bool wait_concerns_sets(int count, const fd_set *readable, const fd_set *writable, const fd_set *exceptional);

int wait_ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

/* `left` (may be NULL) gets the time that remains, as Linux's select() gives it. */
int wait_pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, const struct timespec *timeout,
                 struct timespec *left, const sigset_t *mask);

/* Whether epoll_wait() and its relatives need the following: two loads. */
static inline bool wait_concerns_epoll(void)
{
    return atomic_load_explicit(&spoof_check_any, memory_order_relaxed) ||
           atomic_load_explicit(&pending_any, memory_order_relaxed);
}

/* Whether what makes a number readable may not be the program's to see; and if so, whether something else is there.
 */
static inline bool wait_needs_look(int fd)
{
    return spoof_check_is_known_needed(fd) || queries_may_end(fd);
}
static inline bool wait_leaves_something(int fd)
{
    return (!spoof_check_is_known_needed(fd) || spoof_check_leaves_something(fd)) &&
           (!queries_may_end(fd) || !queries_are_awaited(fd, 0) || queries_leave_something(fd));
}

/*
 * epoll_pwait(), or epoll_pwait2() where the time-out is wanted to the nanosecond. Which number an event is about is
 * known where a hook saw the registration, and where the number is in one set only.
 */
int wait_epoll(int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask,
               bool in_nanoseconds);

#endif
