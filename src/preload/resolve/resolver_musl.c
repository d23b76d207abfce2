/*
 * In the place of resolver_state.c, thread/resolver_tries.c and lookup_queue.c in a build for musl, whose resolver
 * keeps no state: each lookup reads /etc/resolv.conf, nothing that a program writes into _res counts, and a question
 * that is under way goes on until it is answered or its time is over (5 seconds where that file says nothing else).
 * Requests of getaddrinfo_a() there are none.
 */
#include "preload/resolve/lookup_queue.h"
#include "preload/resolve/resolver_state.h"
#include "preload/thread/resolver_tries.h"

void resolver_state_read(struct resolver_state *state)
{
    state->is_set = false;
}

bool resolver_state_begin(const struct resolver_state *state)
{
    (void)state;
    return false;
}

void resolver_state_end(void)
{
}

void resolver_tries_take(struct resolver_tries *tries, const void *owner)
{
    (void)tries, (void)owner;
}

void resolver_tries_begin(struct resolver_tries *tries, enum resolver_waits waits, struct __res_state *state)
{
    (void)tries, (void)waits, (void)state;
}

void resolver_tries_finish(struct resolver_tries *tries)
{
    (void)tries;
}

void resolver_tries_follow(struct resolver_tries *tries, const void *owner)
{
    (void)tries, (void)owner;
}

void resolver_tries_end(struct resolver_tries *tries, const void *owner)
{
    (void)tries, (void)owner;
}

void resolver_tries_after_fork(struct resolver_tries *tries)
{
    (void)tries;
}

void lookup_queue_after_fork(void)
{
}
