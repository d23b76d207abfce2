/* Counts lines of one kind; called by what may be done often (preload/upgrade/server_log.c). */
#include "preload/log/log_limit.h"

#include <errno.h>

#include "core/base/rate.h"
#include "preload/base/clock.h"

bool log_limit_allows(struct log_limit *limit)
{
    int saved = errno;
    int64_t before_ms = atomic_load(&limit->arrival_ms), now_ms = clock_now_ms(), next_ms;
    bool allowed;
    do
        allowed = rate_allows(before_ms, now_ms, LOG_LIMIT_INTERVAL_MS, LOG_LIMIT_BURST, &next_ms);
    while (allowed && !atomic_compare_exchange_weak(&limit->arrival_ms, &before_ms, next_ms));
    errno = saved;
    return allowed;
}
