/* Remembers where addresses came from; filled and asked by the observer's functions. */
#include "check/observer/origins.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/seqlock.h"

#define SLOTS  2048u
#define PROBES 8u
#define TRIES  64u /* another thread has soon written; the one that this signal handler interrupted never */
#define MIX    UINT64_C(0x9e3779b97f4a7c15)

struct entry {
    struct ip_address address;
    struct origin origin;
};

struct slot {
    struct seqlock lock;
    _Atomic uint64_t entry[SEQLOCK_WORDS(struct entry)];
};

static struct slot slots[SLOTS];
static atomic_bool forgotten; /* an address has been overwritten, or not been noted */

struct origin origin_make(enum origin_kind kind, const char *call, const char *name)
{
    struct origin origin = {.kind = kind, .call = call};
    for (size_t i = 0; name != NULL && name[i] != '\0' && i + 1 < sizeof origin.name; i++)
        origin.name[i] = name[i];
    return origin;
}

/* An IPv4 address inside an IPv6 one is that address; the zone plays no part. */
static struct ip_address key_of(const struct ip_address *address)
{
    struct ip_address key = address_unmap(address);
    key.scope = 0;
    return key;
}

static uint32_t place_of(const struct ip_address *key)
{
    uint64_t hash = key->family;
    uint32_t words[4] = {0};
    memcpy(words, &key->ipv6, key->family == AF_INET ? sizeof key->ipv4 : sizeof key->ipv6);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * MIX;
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash >> 16) % SLOTS;
}

/* A copy of the slot as it was at one moment; false while it is written. */
static bool read_slot(struct slot *slot, struct entry *entry)
{
    uint32_t count;
    if (!seqlock_begin_read(&slot->lock, &count))
        return false;
    seqlock_load(slot->entry, entry, sizeof *entry);
    return seqlock_is(&slot->lock, count);
}

/* False where somebody else is writing: another thread, or the one that this signal handler interrupted. */
static bool write_slot(struct slot *slot, const struct entry *entry)
{
    if (!seqlock_try_write(&slot->lock))
        return false;
    seqlock_store(slot->entry, entry, sizeof *entry);
    seqlock_end_write(&slot->lock);
    return true;
}

/* The slot of the address, or one for it; NULL where all are being written. */
static struct slot *find_slot(const struct ip_address *key, bool *known)
{
    uint32_t start = place_of(key);
    struct slot *free_slot = NULL, *any = NULL;
    struct entry entry;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct slot *slot = &slots[(start + i) % SLOTS];
        if (!read_slot(slot, &entry))
            continue;
        *known = address_equal(&entry.address, key);
        if (*known)
            return slot;
        if (entry.address.family == AF_UNSPEC && free_slot == NULL)
            free_slot = slot;
        if (any == NULL || i == seqlock_writes(&slot->lock) % PROBES)
            any = slot;
    }
    if (free_slot == NULL)
        atomic_store(&forgotten, true);
    return free_slot != NULL ? free_slot : any;
}

static void note(const struct ip_address *address, const struct origin *origin, bool only_new)
{
    bool known = false;
    struct entry entry = {.address = key_of(address), .origin = *origin};
    struct slot *slot = find_slot(&entry.address, &known);
    if (slot != NULL && !(known && only_new) && !write_slot(slot, &entry))
        atomic_store(&forgotten, true);
}

void origins_note(const struct ip_address *address, const struct origin *origin)
{
    note(address, origin, false);
}

void origins_note_new(const struct ip_address *address, const struct origin *origin)
{
    note(address, origin, true);
}

struct origin origins_find(const struct ip_address *address)
{
    bool torn = false;
    struct ip_address key = key_of(address);
    struct entry entry;
    uint32_t start = place_of(&key);
    for (uint32_t i = 0; i < PROBES; i++) {
        bool whole = false;
        for (uint32_t tries = 0; !whole && tries < TRIES; tries++)
            whole = read_slot(&slots[(start + i) % SLOTS], &entry);
        if (whole && address_equal(&entry.address, &key))
            return entry.origin;
        torn = torn || !whole;
    }
    return origin_make(torn || atomic_load(&forgotten) ? ORIGIN_UNKNOWN : ORIGIN_NONE, NULL, NULL);
}
