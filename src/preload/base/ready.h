/*
 * Whether the shim may act in this process, asked by every hook. Three states: cold, busy, ready. Our constructor
 * starts it, or the first hook that is called: constructors of other libraries may run before ours, and a malloc
 * replacement may call a hook from inside our own start. Never pthread_once: it would wait for itself.
 *
 * Async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_BASE_READY_H
#define V6SHIM_PRELOAD_BASE_READY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "preload/base/hook.h"

/* Aside: another preload guards the network (network_guard.h), and no hook acts. */
enum init_state { INIT_COLD, INIT_BUSY, INIT_READY, INIT_ASIDE };

extern _Atomic int init_state NEARBY;

/* Starts the shim where it is cold. False while somebody, perhaps this thread, is busy with it: the hook then passes
   the call on. Called once at most with any effect. Defined above all rooms, in init.c, since it starts them. */
bool init_run(void);

static inline bool is_ready(void)
{
    return __builtin_expect(atomic_load_explicit(&init_state, memory_order_acquire) == INIT_READY, 1);
}

/* The question that every hook asks first. */
static inline bool ready_or_start(void)
{
    return is_ready() || init_run();
}

/* Whether this is the process whose tables these are: false in a vfork() child, which shares its parent's memory and
   must not change it. One system call. A child that was made by clone(2) itself, with memory of its own, has them
   too; it is told from the other kind where its parent has called ready_watch_copies(). */
bool owns_memory(void);

/* From now on: once, when there is something in the tables that such a child would have to know of. A page, and two
   system calls; a kernel before 4.14 can't tell. */
void ready_watch_copies(void);

/* At start: what is to be done in such a child, as in that of a fork. */
extern void (*ready_take_copy)(void);

/* At start, and in the child of a fork: they are this process's from now on. */
void ready_own_memory(void);

#endif
