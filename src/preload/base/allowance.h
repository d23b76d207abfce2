/*
 * So many at once, and so many in each minute after that: a bucket of tokens. Not more than a few are lost or won
 * where several threads take some in the same instant. No lock, no clock of its own: `minute` is of the uptime.
 */
#ifndef V6SHIM_PRELOAD_BASE_ALLOWANCE_H
#define V6SHIM_PRELOAD_BASE_ALLOWANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct allowance {
    uint32_t most; /* at once; 0: there is no limit */
    uint32_t per_minute;
};

/* Zero at first: all are left. */
struct allowance_used {
    _Atomic uint64_t state; /* minute + 1, and the number used, 32 bits each */
};

/* What is used at this minute, of what was used at an earlier one. */
static inline uint32_t allowance_used_now(const struct allowance *allowance, uint64_t state, uint32_t minute)
{
    uint32_t used = (uint32_t)state, then = (uint32_t)(state >> 32);
    uint64_t back = then == 0 || minute + 1 < then ? 0 : (uint64_t)(minute + 1 - then) * allowance->per_minute;
    return back < used ? used - (uint32_t)back : 0;
}

static inline bool allowance_is_left(const struct allowance *allowance, const struct allowance_used *used,
                                     uint32_t minute)
{
    return allowance->most == 0 || allowance_used_now(allowance, atomic_load(&used->state), minute) < allowance->most;
}

static inline void allowance_take(const struct allowance *allowance, struct allowance_used *used, uint32_t minute)
{
    uint64_t state = atomic_load(&used->state), next;
    do
        next = (uint64_t)(minute + 1) << 32 | (allowance_used_now(allowance, state, minute) + 1);
    while (!atomic_compare_exchange_weak(&used->state, &state, next));
}

#endif
