#include "runtime/silence.h"

#include <stdatomic.h>

#include <time.h>

#include "runtime/clock.h"
#include "runtime/state.h"

#define SILENT_AFTER_MS 2000
#define REMEMBERED_S    600

#define STATE_MARK_SILENT_RESOLVER 0

static _Atomic int64_t silent_until_s; /* calendar time, as in the shared mark */

static int64_t calendar_s(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.tv_sec;
}

void silence_note(int64_t took_ms)
{
    if (took_ms < SILENT_AFTER_MS)
        return;
    int64_t until_s = calendar_s() + REMEMBERED_S;
    atomic_store(&silent_until_s, until_s);
    state_mark_write(STATE_MARK_SILENT_RESOLVER, (uint64_t)until_s);
}

/* A mark far in the future is none of ours, or the calendar was set back. */
static bool holds(int64_t until_s)
{
    int64_t now_s = calendar_s();
    return now_s < until_s && until_s <= now_s + REMEMBERED_S;
}

bool silence_is_known(void)
{
    uint64_t shared;
    if (holds(atomic_load_explicit(&silent_until_s, memory_order_relaxed)))
        return true;
    return state_mark_read(STATE_MARK_SILENT_RESOLVER, &shared) && holds((int64_t)shared);
}
