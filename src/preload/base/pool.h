/*
 * Fixed-size items that are taken and given back without a lock, in signal handlers too. Memory comes in chunks, the
 * first from the library's own zeroed data (untouched pages cost nothing), later ones from mmap(); it is never
 * returned, so that a reader without a lock can always look at an item. Item 0 is "none".
 */
#ifndef V6SHIM_PRELOAD_BASE_POOL_H
#define V6SHIM_PRELOAD_BASE_POOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK_ITEMS 1024u
#define POOL_CHUNKS      1024u

/* Small, so that what is written to at the start of each process (addresses of memory) is all in one page. */
struct pool {
    size_t item_size;       /* each item begins with an _Atomic uint32_t that is the pool's while the item is free */
    void *first;            /* the memory of the first chunk, or NULL: mapped too */
    void *_Atomic *chunks;  /* POOL_CHUNKS of them, all NULL at first */
    _Atomic uint64_t free;  /* changes << 32 | first free item: the count of changes makes the exchange safe */
    _Atomic uint32_t taken; /* items ever taken from fresh memory */
};

/* An item with unspecified contents (zero the first time), or 0 where memory or the numbers have run out. */
uint32_t pool_take(struct pool *pool);

/* Gives an item back. */
void pool_give(struct pool *pool, uint32_t item);

/* The memory of an item that was taken, now or before. */
static inline void *pool_at(struct pool *pool, uint32_t item)
{
    uint32_t place = item - 1;
    char *chunk = atomic_load_explicit(&pool->chunks[place / POOL_CHUNK_ITEMS], memory_order_acquire);
    return chunk + place % POOL_CHUNK_ITEMS * pool->item_size;
}

/* A chunk of `size` zero bytes at *place: if there is none, `first` (may be NULL), else mapped there; NULL without
   memory. Safe in parallel. */
void *pool_chunk(void *_Atomic *place, void *first, size_t size);

#endif
