/*
 * Bringing the shim up. Three states: cold, busy, ready. Our constructor starts it, or the first hook that is called:
 * constructors of other libraries may run before ours, and a malloc replacement may call a hook from inside our own
 * start. Never pthread_once: it would wait for itself.
 */
#ifndef V6SHIM_RUNTIME_START_H
#define V6SHIM_RUNTIME_START_H

#include <stdatomic.h>
#include <stdbool.h>

#include "runtime/hook.h"

/* Aside: another preload guards the network (network_guard.h), and no hook acts. */
enum start_state { START_COLD, START_BUSY, START_READY, START_ASIDE };

extern _Atomic int start_state NEARBY;

/* Starts the shim where it is cold. False while somebody, perhaps this thread, is busy with it: the hook then passes
   the call on. Called once at most with any effect. */
bool start_run(void);

static inline bool start_is_ready(void)
{
    return __builtin_expect(atomic_load_explicit(&start_state, memory_order_acquire) == START_READY, 1);
}

/* The question that every hook asks first. */
static inline bool start_ready(void)
{
    return start_is_ready() || start_run();
}

/* Whether this is the process whose tables these are: false in a vfork() child, which shares its parent's memory and
   must not change it. One system call. */
bool start_owns_memory(void);

#endif
