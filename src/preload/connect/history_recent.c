/* Keeps what the history has just said; called by preload/connect/history.c. */
#include "preload/connect/history_recent.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/base/siphash.h"
#include "core/names/candidates.h"
#include "preload/base/clock.h"

#define ENTRIES   64u
#define RECENT_MS 1000
#define LOST_BITS 16
_Static_assert(CANDIDATES_PER_LIST <= LOST_BITS, "each has a bit");

/* It says nothing secret: whoever finds two lists of one key gets one of them in the order of the other. */
static const struct siphash_key list_part = {0x9d3c60f1a8e2754b, 0x41b7fe0d2c598a36};

static struct {
    _Atomic uint64_t check; /* key ^ value */
    _Atomic uint64_t value; /* until when in ms << LOST_BITS | which have lost; 0 is none */
} entries[ENTRIES];

uint64_t history_recent_key(const struct ip_address *addresses, unsigned count)
{
    return siphash(list_part, addresses, count * sizeof *addresses);
}

bool history_recent_find(uint64_t key, int64_t now_ms, uint32_t *lost)
{
    uint64_t value = atomic_load_explicit(&entries[key % ENTRIES].value, memory_order_relaxed);
    uint64_t check = atomic_load_explicit(&entries[key % ENTRIES].check, memory_order_relaxed);
    if (value == 0 || (check ^ value) != key || now_ms >= (int64_t)(value >> LOST_BITS))
        return false;
    *lost = (uint32_t)value & ((1u << LOST_BITS) - 1);
    return true;
}

void history_recent_keep(uint64_t key, uint32_t lost)
{
    uint64_t value = (uint64_t)(clock_now_ms() + RECENT_MS) << LOST_BITS | lost;
    atomic_store_explicit(&entries[key % ENTRIES].value, value, memory_order_relaxed);
    atomic_store_explicit(&entries[key % ENTRIES].check, key ^ value, memory_order_relaxed);
}

void history_recent_forget(void)
{
    for (size_t i = 0; i < ENTRIES; i++)
        atomic_store_explicit(&entries[i].value, 0, memory_order_relaxed);
}
