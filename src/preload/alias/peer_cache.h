/*
 * The peers that this process has seen lately, with their aliases: a cache in front of the shared table, of fixed
 * size, in which newer ones displace older ones. It holds nothing that can't be asked of the table again, and nothing
 * for longer than PEER_FRESH_MINUTES if the table can be asked: a peer's alias may be reused one day, so the table
 * has to hear of its use.
 *
 * Readers and writers take no lock and never wait. Each entry has a checksum of what it says, by a secret: one that
 * is being written, was torn by two writers, or was left half-written (by a jump, in a child of fork()) is as if it
 * were not there, and is written again in its turn. (A sequence lock, core/base/seqlock.h, wouldn't do: it wants one
 * writer at a time, and the next writer could not tell one that is writing from one that was left by a jump.)
 * Async-signal-safe; fit for vfork() children.
 */
#ifndef V6SHIM_PRELOAD_ALIAS_PEER_CACHE_H
#define V6SHIM_PRELOAD_ALIAS_PEER_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/address/address.h"
#include "core/base/siphash.h"

#define PEER_FRESH_MINUTES 60 /* ALIAS_REUSE_HOURS relies on it */
/* Where the table can't be asked any more, an entry holds for so long: nobody gets that alias before. */
#define PEER_KEPT_MINUTES (24 * 60)
#define PEER_SETS         512u
#define PEER_WAYS         4u
#define PEER_WORDS        4u

struct peer_entry {
    _Atomic uint32_t check;  /* 0 while it is being written */
    _Atomic uint32_t minute; /* 1 + the uptime's when the table was asked; 0: empty */
    _Atomic uint32_t offset;
    _Atomic uint32_t scope;
    _Atomic uint32_t words[PEER_WORDS]; /* the address */
};

/* All zero at first. Each peer is in both. */
struct peer_cache {
    struct peer_entry by_address[PEER_SETS][PEER_WAYS];
    struct peer_entry by_alias[PEER_SETS][PEER_WAYS];
};

/*
 * `hash` is the address's alias_hash by the secret of the process, `minute` of the uptime. Entries of an age of
 * `minutes` or more are not found: PEER_FRESH_MINUTES as a rule.
 */
bool peer_find_address(const struct peer_cache *cache, uint64_t hash, const struct ip_address *address,
                       uint32_t minute, uint32_t minutes, uint32_t *offset);
bool peer_find_alias(const struct peer_cache *cache, struct siphash_key secret, uint32_t offset, uint32_t minute,
                     uint32_t minutes, struct ip_address *address);

/* Calls `each` for all, whatever their age. */
typedef void peer_visit(void *context, const struct ip_address *address, uint32_t offset);
void peer_each(const struct peer_cache *cache, struct siphash_key secret, peer_visit *each, void *context);

void peer_keep(struct peer_cache *cache, uint64_t hash, const struct ip_address *address, uint32_t offset,
               uint32_t minute);

#endif
