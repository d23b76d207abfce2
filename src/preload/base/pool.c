/* Hands out items of a fixed size without a lock; called for records of sockets, their options, races and time
   limits. */
#include "preload/base/pool.h"

#include <errno.h>
#include <sys/mman.h>

void *pool_chunk(void *_Atomic *place, void *first, size_t size)
{
    void *chunk = atomic_load_explicit(place, memory_order_acquire);
    if (chunk != NULL)
        return chunk;
    if (first != NULL)
        return atomic_compare_exchange_strong(place, &chunk, first) ? first : chunk;
    int saved = errno;
    void *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    if (fresh == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(place, &chunk, fresh))
        return fresh;
    munmap(fresh, size);
    errno = saved;
    return chunk;
}

static uint32_t take_fresh(struct pool *pool)
{
    uint32_t place = atomic_load(&pool->taken);
    do {
        uint32_t chunk = place / POOL_CHUNK_ITEMS;
        if (chunk >= POOL_CHUNKS || pool_chunk(&pool->chunks[chunk], chunk == 0 ? pool->first : NULL,
                                               POOL_CHUNK_ITEMS * pool->item_size) == NULL)
            return 0;
    } while (!atomic_compare_exchange_weak(&pool->taken, &place, place + 1));
    return place + 1;
}

uint32_t pool_take(struct pool *pool)
{
    uint64_t head = atomic_load(&pool->free);
    while ((uint32_t)head != 0) {
        const _Atomic uint32_t *next = pool_at(pool, (uint32_t)head);
        uint64_t following = ((head >> 32) + 1) << 32 | atomic_load_explicit(next, memory_order_relaxed);
        if (atomic_compare_exchange_weak(&pool->free, &head, following))
            return (uint32_t)(head & UINT32_MAX);
    }
    return take_fresh(pool);
}

void pool_give(struct pool *pool, uint32_t item)
{
    _Atomic uint32_t *next = pool_at(pool, item);
    uint64_t head = atomic_load(&pool->free);
    uint64_t first;
    do {
        atomic_store_explicit(next, (uint32_t)head, memory_order_relaxed);
        first = ((head >> 32) + 1) << 32 | item;
    } while (!atomic_compare_exchange_weak(&pool->free, &head, first));
}
