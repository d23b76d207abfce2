/* Remembers resolvers that never answer for AAAA; called by preload/resolve/resolve.c. */
#include "preload/resolve/no_aaaa.h"

#include <stdatomic.h>

#include "core/names/candidates.h"
#include "preload/base/clock.h"
#include "preload/state/state.h"

#define SILENT_AFTER_MS 500 /* a lookup that nobody waits for ends within a second */
#define REMEMBERED_S    600

#define STATE_MARK_SILENT_RESOLVER 0

static _Atomic int64_t silent_until_s; /* calendar time, as in the shared mark */

/* The first one of a row: the hash of its name (0: there is none), and when it ended. */
static _Atomic uint64_t first_name;
static _Atomic int64_t first_ended_ms;

void no_aaaa_broken(void)
{
    atomic_store_explicit(&first_name, 0, memory_order_relaxed);
}

/* Whether it is the second one of a row; where there is no row, it begins one. */
static bool is_second(const char *name, int64_t started_ms)
{
    uint64_t hash = candidates_name_hash((struct siphash_key){0}, name), none = 0;
    if (atomic_compare_exchange_strong(&first_name, &none, hash)) {
        atomic_store(&first_ended_ms, clock_now_ms());
        return false;
    }
    return none != hash && started_ms >= atomic_load(&first_ended_ms);
}

void no_aaaa_note(const char *name, int64_t started_ms, int64_t silent_ms)
{
    if (silent_ms < SILENT_AFTER_MS || !is_second(name, started_ms))
        return;
    no_aaaa_broken();
    int64_t until_s = clock_calendar_s() + REMEMBERED_S;
    atomic_store(&silent_until_s, until_s);
    state_mark_write(STATE_MARK_SILENT_RESOLVER, (uint64_t)until_s);
}

/* A mark far in the future is none of ours, or the calendar was set back. */
static bool holds(int64_t until_s)
{
    int64_t now_s = clock_calendar_s();
    return now_s < until_s && until_s <= now_s + REMEMBERED_S;
}

bool no_aaaa_is_known(void)
{
    uint64_t shared;
    if (holds(atomic_load_explicit(&silent_until_s, memory_order_relaxed)))
        return true;
    return state_mark_read(STATE_MARK_SILENT_RESOLVER, &shared) && holds((int64_t)shared);
}
