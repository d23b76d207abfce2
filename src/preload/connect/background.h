/*
 * A race for a program that asked connect() not to block. The first attempt starts inside connect(); a thread of ours
 * goes on with the others and puts the winner under the program's number, where a placeholder stands meanwhile.
 *
 * All functions are async-signal-safe but background_start, which may have to make the thread; it does not where it
 * might be running in a signal handler. A race has a lock, held for a few system calls, never while anybody waits,
 * with signals blocked. errno kept.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_BACKGROUND_H
#define V6SHIM_PRELOAD_CONNECT_BACKGROUND_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/connect/attempts.h"
#include "preload/connect/destinations.h"
#include "preload/socket/sockets.h"

/*
 * As connect() on a socket that doesn't block: -EINPROGRESS, 0, or the error of a race in which every attempt failed
 * at once. -EAGAIN: no race could be had.
 */
int background_start(const struct original *original, const struct destinations *destinations, uint16_t port);

/* What a race can wait for before it has any candidates. */
enum background_awaits {
    BACKGROUND_AWAITS_NOTHING,
    BACKGROUND_AWAITS_PREFIX, /* of the network's NAT64 (nat64/discovery.h), for an IPv4 address without a route */
    BACKGROUND_AWAITS_NAME,   /* the addresses of a name that an IPv4 address is redirected to */
};

/* As background_start() to an IPv4 address while the resolver is asked where that is: -EINPROGRESS, or -EAGAIN. The
   attempts start when the answer is there. */
int background_await(int fd, struct in_addr asked, uint16_t port, enum background_awaits awaits);

/* The resolver has answered: races that wait for it go on. From any thread. */
void background_go_on(void);

/* The error of a number with SOCKET_FAILED, which is told once; the socket may then be connected again. EBADF where
   another thread has closed it meanwhile. */
int background_take_failure(int fd);

/* Races under way in this process: where there are none, hooks need look no further. */
extern _Atomic unsigned background_count NEARBY;

static inline bool background_any(void)
{
    return __builtin_expect(atomic_load_explicit(&background_count, memory_order_relaxed) != 0, 0);
}

/* Not in a thread of ours: where a module of libc is at work, the number may be another one
 * (preload/thread/worker_thread). */
static inline bool background_is(int fd)
{
    return background_any() && guard_innermost != GUARD_OWN_THREAD && sockets_has(fd, SOCKET_RACING);
}

/* Whether it is still so once a race that is just ending has ended: the program may see the winner's events before.
 */
bool background_goes_on(int fd);

/* Ends the race of `fd`, if any: one attempt is put under the number, to IPv4 if the name has it, and goes on there
   as any connection. */
void background_collapse(int fd);

/* Whether the race of `fd` has ended without that: a placeholder stands under the number still, and acts as a TCP
   connection that was aborted. */
bool background_is_stuck(int fd);

/* Before exec: every race is ended like that, and what was learnt is written down. Nothing in a vfork() child. */
void background_leave(void);

/* Ends the race of `fd`, if any, with nothing in its place: the program is about to close the number. */
void background_cancel(int fd);

/* An option for all attempts; the result is that of the leading one, 0 or -errno. */
int background_set_option(int fd, int level, int name, const void *value, socklen_t length);
/* As getsockopt() and getsockname() of the leading attempt; -errno. -ENOENT where the race has just ended. */
int background_get_option(int fd, int level, int name, void *value, socklen_t *length);
int background_get_name(int fd, struct sockaddr_storage *address, socklen_t *length);

/* epoll_ctl() of a racing number, with the record of it, as one step: the race must not end in between. Returns as
   epoll_ctl(), errno set. False: the race has ended. */
bool background_epoll_control(int epoll, int operation, int fd, struct epoll_event *event, int *result);

/* Called by the thread: an attempt (or, with BACKGROUND_PEER, the placeholder's peer) has something to report. */
#define BACKGROUND_PEER 255u
void background_event(uint32_t item, uint32_t generation, unsigned slot);
/* Called by the thread: starts what is due; returns when to be called again, INT64_MAX for never. */
int64_t background_step_all(int64_t now_ms);
/* The thread's descriptors are gone: no race can go on. */
void background_abandon_all(void);

/* Around a fork: no race is in the middle of a step when the process is copied. */
void background_before_fork(void);
void background_after_fork_in_parent(void);
/* In the child of a fork: leading attempts are put under their numbers, in the child's own table. */
void background_after_fork(void);
/* The same in a child that was made without a fork's preparation: races are given up. */
void background_after_clone(void);

#endif
