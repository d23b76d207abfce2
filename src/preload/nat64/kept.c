/* Keeps the prefixes of the last networks in memory; called by preload/nat64/discovery.c. */
#include "preload/nat64/kept.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/seqlock.h"
#include "preload/base/clock.h"

#define SAME_NETWORK_MS 3000 /* a host that has moved notices that late */

static struct {
    struct seqlock lock;
    _Atomic uint32_t order; /* when it was found last */
    _Atomic uint64_t record[SEQLOCK_WORDS(struct nat64_discovery_record)];
} entries[NAT64_DISCOVERY_NETWORKS];
static _Atomic uint32_t next_order = 1;
static atomic_flag writer = ATOMIC_FLAG_INIT;

/* The entry that was found last, plus 1, and until when that is good enough. */
static _Atomic unsigned present;
static _Atomic int64_t present_until_ms;

static bool read_entry(unsigned place, struct nat64_discovery_record *record)
{
    uint32_t count;
    if (!seqlock_begin_read(&entries[place].lock, &count) || count == 0)
        return false;
    seqlock_load(entries[place].record, record, sizeof *record);
    return seqlock_is(&entries[place].lock, count);
}

static void write_entry(unsigned place, const struct nat64_discovery_record *record)
{
    seqlock_begin_write(&entries[place].lock);
    seqlock_store(entries[place].record, record, sizeof *record);
    seqlock_end_write(&entries[place].lock);
}

static void use(unsigned place)
{
    atomic_store_explicit(&entries[place].order, atomic_fetch_add(&next_order, 1), memory_order_relaxed);
    atomic_store_explicit(&present, place + 1, memory_order_relaxed);
    atomic_store_explicit(&present_until_ms, clock_now_ms() + SAME_NETWORK_MS, memory_order_release);
}

static bool same_prefixes(const struct nat64_discovery_record *left, const struct nat64_discovery_record *right)
{
    bool same = left->count == right->count;
    for (unsigned i = 0; same && i < left->count; i++)
        same = nat64_prefix_equal(&left->prefixes[i], &right->prefixes[i]);
    return same;
}

/* Where to write it: over the same prefixes of the same network, else over what was found longest ago. What is known
   otherwise of the network ends. */
static unsigned place_for(const struct nat64_discovery_record *record)
{
    unsigned found = NAT64_DISCOVERY_NETWORKS, oldest = 0;
    for (unsigned i = 0; i < NAT64_DISCOVERY_NETWORKS; i++) {
        struct nat64_discovery_record its;
        if (atomic_load(&entries[i].order) < atomic_load(&entries[oldest].order))
            oldest = i;
        if (!read_entry(i, &its) || !address_equal(&its.network, &record->network))
            continue;
        if (same_prefixes(&its, record)) {
            found = i;
        } else if (its.until_s != 0) {
            its.until_s = 0;
            write_entry(i, &its);
        }
    }
    return found < NAT64_DISCOVERY_NETWORKS ? found : oldest;
}

void nat64_discovery_keep(const struct nat64_discovery_record *record, bool insist)
{
    while (atomic_flag_test_and_set_explicit(&writer, memory_order_acquire)) {
        if (!insist)
            return;
        syscall(SYS_sched_yield);
    }
    unsigned place = place_for(record);
    write_entry(place, record);
    atomic_store(&entries[place].order, atomic_fetch_add(&next_order, 1));
    atomic_flag_clear_explicit(&writer, memory_order_release);
}

bool nat64_discovery_kept(const struct ip_address *network, struct nat64_discovery_record *record)
{
    for (unsigned i = 0; i < NAT64_DISCOVERY_NETWORKS; i++) {
        struct nat64_discovery_record its;
        if (!read_entry(i, &its) || !nat64_discovery_counts(&its, network))
            continue;
        use(i);
        *record = its;
        return true;
    }
    return false;
}

bool nat64_discovery_kept_recently(struct nat64_discovery_record *record)
{
    int64_t until_ms = atomic_load_explicit(&present_until_ms, memory_order_acquire);
    unsigned place = atomic_load_explicit(&present, memory_order_relaxed);
    return until_ms != 0 && clock_now_ms() < until_ms && place != 0 && read_entry(place - 1, record);
}

static bool find_prefix(const struct nat64_discovery_record *record, const struct ip_address *address,
                        struct nat64_prefix *prefix)
{
    const struct nat64_prefix *found = nat64_prefix_of(record->prefixes, record->count, address);
    if (found != NULL)
        *prefix = *found;
    return found != NULL;
}

bool nat64_discovery_kept_prefix(const struct ip_address *address, enum nat64_discovery_whose whose,
                                 struct nat64_prefix *prefix)
{
    struct nat64_discovery_record record;
    unsigned place = atomic_load_explicit(&present, memory_order_relaxed);
    if (whose == NAT64_DISCOVERY_PRESENT)
        return place != 0 && read_entry(place - 1, &record) && find_prefix(&record, address, prefix) &&
               nat64_discovery_counts(&record, &record.network);
    for (unsigned i = 0; i < NAT64_DISCOVERY_NETWORKS; i++)
        if (read_entry(i, &record) && find_prefix(&record, address, prefix))
            return true;
    return false;
}

void nat64_discovery_kept_after_fork(void)
{
    atomic_flag_clear(&writer);
}
