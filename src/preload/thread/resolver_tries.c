/* Makes libc's resolver give up early on a worker thread; called by preload/thread/worker_thread.c. */
#include "preload/thread/resolver_tries.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "core/names/tries.h"
#include "preload/base/clock.h"
#include "preload/base/critical_section.h"

/* What a server that refuses at once may be asked more often than libc would: room for a thread that waits and is
   late to raise the number. */
#define TRIES_MORE 2

static void enter(struct resolver_tries *tries, struct critical_section *section)
{
    critical_section_enter(section);
    while (atomic_flag_test_and_set_explicit(&tries->lock, memory_order_acquire))
        syscall(SYS_sched_yield);
}

static void leave(struct resolver_tries *tries, const struct critical_section *section)
{
    atomic_flag_clear_explicit(&tries->lock, memory_order_release);
    critical_section_leave(section);
}

/* libc reads it, as any variable of its own thread's, at each turn of its loop. */
static void set_times(struct resolver_tries *tries, int64_t times)
{
    if (tries->retry != NULL)
        __atomic_store_n(tries->retry, times < tries->times ? (int)times : tries->times, __ATOMIC_RELAXED);
}

void resolver_tries_take(struct resolver_tries *tries, const void *owner)
{
    struct critical_section section;
    enter(tries, &section);
    tries->owner = owner;
    tries->ended = false;
    tries->retry = NULL;
    leave(tries, &section);
}

void resolver_tries_begin(struct resolver_tries *tries, enum resolver_waits waits, struct __res_state *state)
{
    struct tries own = {.wait_s = state->retrans, .times = state->retry};
    unsigned servers = state->nscount > 0 ? (unsigned)state->nscount : 0;
    struct tries now = waits == RESOLVER_WAITS_SHORT ? tries_shorten(own, servers) : own;
    struct critical_section section;
    enter(tries, &section);
    tries->own_times = own.times;
    tries->times = now.times;
    tries->started_ms = clock_now_ms();
    tries->retry = &state->retry;
    state->retrans = now.wait_s;
    set_times(tries, tries->ended ? 0 : now.times);
    leave(tries, &section);
}

void resolver_tries_finish(struct resolver_tries *tries)
{
    struct critical_section section;
    enter(tries, &section);
    tries->retry = NULL;
    leave(tries, &section);
}

void resolver_tries_follow(struct resolver_tries *tries, const void *owner)
{
    struct critical_section section;
    enter(tries, &section);
    if (tries->owner == owner && tries->retry != NULL && !tries->ended)
        set_times(tries,
                  (int64_t)tries->own_times + TRIES_MORE + (clock_now_ms() - tries->started_ms) / CLOCK_MS_PER_S);
    leave(tries, &section);
}

void resolver_tries_end(struct resolver_tries *tries, const void *owner)
{
    struct critical_section section;
    enter(tries, &section);
    if (owner == NULL || tries->owner == owner) {
        tries->ended = true;
        set_times(tries, 0);
    }
    leave(tries, &section);
}

void resolver_tries_after_fork(struct resolver_tries *tries)
{
    atomic_flag_clear(&tries->lock);
    tries->owner = NULL;
    tries->retry = NULL;
}
