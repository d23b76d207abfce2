/*
 * A sequence lock: several words that are read as they were at one moment, without waiting. A writer counts up before
 * and after it writes, so the count is odd while it does; a reader that sees an odd count, or another one after it
 * has read, has read nothing.
 *
 *     writer:  seqlock_begin_write(&lock); SEQLOCK_STORE(word, 1); seqlock_end_write(&lock);
 *     reader:  if (seqlock_begin_read(&lock, &count)) { copy = SEQLOCK_LOAD(word); whole = seqlock_is(&lock, count);
 * }
 *
 * Memory order (C11 5.1.2.4). Every word is stored with release and loaded with acquire. So a reader that has seen a
 * word of a later write also sees, when it looks at the count again, that this write had begun; and one that has seen
 * the count at the end of a write sees all words of that write. Fences with relaxed words between them would do as
 * well, but the thread sanitizer doesn't know fences; on x86 both are the same instructions.
 *
 * A child that was forked in the middle of a write inherits an odd count: readers find nothing there until the next
 * seqlock_begin_write(), which makes it whole again.
 *
 * Pure, async-signal-safe; nothing here waits.
 */
#ifndef V6SHIM_CORE_BASE_SEQLOCK_H
#define V6SHIM_CORE_BASE_SEQLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All zero at first. */
struct seqlock {
    _Atomic uint32_t count; /* of beginnings and ends of writes; odd while one is on */
};

/* The words between beginning and end, of any atomic integer type. */
#define SEQLOCK_LOAD(word)         atomic_load_explicit(&(word), memory_order_acquire)
#define SEQLOCK_STORE(word, value) atomic_store_explicit(&(word), (value), memory_order_release)

/* A type without pointers to itself may be kept as so many words: seqlock_load() and seqlock_store(). */
#define SEQLOCK_WORDS(type) ((sizeof(type) + sizeof(uint64_t) - 1) / sizeof(uint64_t))

/* How often it was written. 0: there is nothing in it yet. */
static inline uint32_t seqlock_writes(const struct seqlock *lock)
{
    return atomic_load_explicit(&lock->count, memory_order_acquire) / 2;
}

/* False where it is being written. */
static inline bool seqlock_begin_read(const struct seqlock *lock, uint32_t *count)
{
    *count = atomic_load_explicit(&lock->count, memory_order_acquire);
    return *count % 2 == 0;
}

/* Whether nothing was written since the count was that one: what was read meanwhile is whole. */
static inline bool seqlock_is(const struct seqlock *lock, uint32_t count)
{
    return atomic_load_explicit(&lock->count, memory_order_relaxed) == count;
}

/* For the only writer: the caller sees to that. */
static inline void seqlock_begin_write(struct seqlock *lock)
{
    uint32_t count = atomic_load_explicit(&lock->count, memory_order_relaxed);
    atomic_store_explicit(&lock->count, count | 1, memory_order_release);
}

/* For one of several writers. False where another one writes: a thread, the one that this signal handler has
   interrupted, or one that was not there after a fork. */
static inline bool seqlock_try_write(struct seqlock *lock)
{
    uint32_t count = atomic_load_explicit(&lock->count, memory_order_relaxed);
    return count % 2 == 0 && atomic_compare_exchange_strong_explicit(&lock->count, &count, count + 1,
                                                                     memory_order_acq_rel, memory_order_relaxed);
}

static inline void seqlock_end_write(struct seqlock *lock)
{
    uint32_t count = atomic_load_explicit(&lock->count, memory_order_relaxed);
    atomic_store_explicit(&lock->count, count + 1, memory_order_release);
}

/* Copies `size` bytes, for which there are words enough. */
static inline void seqlock_load(const _Atomic uint64_t *words, void *value, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = SEQLOCK_LOAD(words[at / sizeof word]);
        memcpy((char *)value + at, &word, size - at < sizeof word ? size - at : sizeof word);
    }
}

static inline void seqlock_store(_Atomic uint64_t *words, const void *value, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, (const char *)value + at, size - at < sizeof word ? size - at : sizeof word);
        SEQLOCK_STORE(words[at / sizeof word], word);
    }
}

#endif
