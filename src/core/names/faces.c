/* Keeps which IPv4 addresses were shown for which IPv6 ones; called by core/names/candidates.c. */
#include "core/names/faces.h"

#include <stddef.h>
#include <stdint.h>

#define SHARED      UINT64_MAX /* in the place of `others` */
#define BUCKET_BITS 12

_Static_assert(FACES_BUCKETS == 1 << BUCKET_BITS, "a bucket is the highest bits of a product");

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

static size_t bucket_of(const struct faces *faces, struct in_addr address)
{
    return (size_t)((uint64_t)address.s_addr * (LOAD(faces->secret) | 1) >> (64 - BUCKET_BITS));
}

/* The place of an address, or FACES_MAX. */
static uint32_t find(const struct faces *faces, struct in_addr address)
{
    uint32_t link = atomic_load_explicit(&faces->buckets[bucket_of(faces, address)], memory_order_acquire);
    while (link != 0 && LOAD(faces->entries[link - 1].ipv4) != address.s_addr)
        link = LOAD(faces->entries[link - 1].older);
    return link != 0 ? link - 1 : FACES_MAX;
}

static void add(struct faces *faces, struct in_addr shown, uint64_t name, uint64_t others)
{
    uint32_t place = LOAD(faces->count);
    if (place == FACES_MAX)
        return;
    struct face *face = &faces->entries[place];
    _Atomic uint32_t *bucket = &faces->buckets[bucket_of(faces, shown)];
    STORE(face->ipv4, shown.s_addr);
    STORE(face->name, name);
    STORE(face->others, others);
    STORE(face->older, LOAD(*bucket));
    STORE(faces->count, place + 1);
    atomic_store_explicit(bucket, place + 1, memory_order_release);
}

void faces_show(struct faces *faces, struct in_addr shown, uint64_t name, uint64_t others)
{
    uint32_t place = find(faces, shown);
    if (place == FACES_MAX) {
        add(faces, shown, name, others);
        return;
    }
    struct face *face = &faces->entries[place];
    uint64_t before = LOAD(face->others);
    if (before == SHARED || before == others)
        return;
    if (LOAD(face->name) != name)
        STORE(face->others, SHARED);
    else if (others != FACES_NO_OTHERS)
        STORE(face->others, others);
}

enum face_state faces_state(const struct faces *faces, struct in_addr address)
{
    uint32_t place = find(faces, address);
    if (place == FACES_MAX)
        return FACE_UNKNOWN;
    return LOAD(faces->entries[place].others) == SHARED ? FACE_SHARED : FACE_OWN;
}
