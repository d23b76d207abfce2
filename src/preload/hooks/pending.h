/* What was left for the next hook of the program: a race or a time limit that was abandoned, notes for the history.
 */
#ifndef V6SHIM_PRELOAD_HOOKS_PENDING_H
#define V6SHIM_PRELOAD_HOOKS_PENDING_H

#include "preload/connect/history.h"
#include "preload/connect/patience.h"
#include "preload/connect/race.h"

static inline bool hooks_have_pending(void)
{
    return __builtin_expect((race_current | patience_current) != 0, 0) ||
           __builtin_expect(atomic_load_explicit(&history_waiting, memory_order_relaxed) != 0, 0);
}

#endif
