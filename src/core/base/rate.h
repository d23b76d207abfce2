/*
 * How often something may be done: `burst` times at once, and then once in each interval. It is the generic cell rate
 * algorithm (ITU-T I.371, annex A), whose whole state is one number. Pure.
 */
#ifndef V6SHIM_CORE_BASE_RATE_H
#define V6SHIM_CORE_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether it may be done now. `arrival_ms` is the state, 0 at first; *next_ms is what it becomes where the answer is
 * yes. Times are those of one clock that only goes forward, in milliseconds.
 */
static inline bool rate_allows(int64_t arrival_ms, int64_t now_ms, int64_t interval_ms, unsigned burst,
                               int64_t *next_ms)
{
    int64_t start_ms = arrival_ms > now_ms ? arrival_ms : now_ms;
    if (burst == 0 || start_ms - now_ms > interval_ms * ((int64_t)burst - 1))
        return false;
    *next_ms = start_ms + interval_ms;
    return true;
}

#endif
