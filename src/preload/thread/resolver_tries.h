/*
 * An end to a question that libc's resolver asks on a thread of ours. libc waits in poll(), 5 seconds for each answer
 * and 10 in all where resolv.conf(5) says nothing else, and nothing may interrupt it: not a signal (libc waits on),
 * not cancellation (libc may hold a lock). But it looks at `retry` of the resolver's state before it asks again. So
 * the thread asks in short waits and more often, for as long in all (core/names/tries.h), and another thread that has
 * no more interest lowers that number: the question ends with the wait that is under way. The socket and the question
 * stay the same, so that an answer to the first one is heard at any time.
 *
 * A server that refuses (SERVFAIL, or a closed port) is asked again at once. It may not be asked much more often than
 * libc would of itself: whoever waits lowers the number to what the time allows, and raises it again as time goes by.
 *
 * A lock that is held for a few instructions, with signals blocked; errno kept.
 */
#ifndef V6SHIM_PRELOAD_THREAD_RESOLVER_TRIES_H
#define V6SHIM_PRELOAD_THREAD_RESOLVER_TRIES_H

#include <resolv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of static storage, and zero at first: a thread that has ended is no reason not to look at it. */
struct resolver_tries {
    atomic_flag lock;
    const void *owner; /* who asks, or asked; NULL: nobody has yet */
    bool ended;
    int *retry;         /* of the state of the resolver that asks; NULL: none does */
    int own_times;      /* what it was before; */
    int times;          /* and in short waits */
    int64_t started_ms; /* clock_now_ms() */
};

/* From now on it is about the questions of `owner`, any address. */
void resolver_tries_take(struct resolver_tries *tries, const void *owner);

/*
 * On the thread that asks: around its questions. The state has its final options and servers, and stays where it is
 * until the second call. RESOLVER_WAITS_AS_SET leaves the waits as they are: for what nobody waits for, and which may
 * only have to end.
 */
enum resolver_waits { RESOLVER_WAITS_SHORT, RESOLVER_WAITS_AS_SET };
void resolver_tries_begin(struct resolver_tries *tries, enum resolver_waits waits, struct __res_state *state);
void resolver_tries_finish(struct resolver_tries *tries);

/* While somebody waits, more often than each second, which is as long as a silent server is waited for at least: sets
   the number by the time that has gone by. Nothing where it is about another owner. */
#define RESOLVER_TRIES_FOLLOW_MS 500
void resolver_tries_follow(struct resolver_tries *tries, const void *owner);

/* The question under way is the last one. `owner` NULL: whosever it is. */
void resolver_tries_end(struct resolver_tries *tries, const void *owner);

/* In the child of a fork. */
void resolver_tries_after_fork(struct resolver_tries *tries);

#endif
