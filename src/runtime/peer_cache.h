/*
 * The peers that this process has seen lately, with their aliases: a cache in front of the shared table, of fixed
 * size, in which newer ones displace older ones. It holds nothing that can't be asked of the table again, and nothing
 * for longer than PEER_FRESH_MINUTES: a peer's alias may be reused one day, so the table has to hear of its use.
 *
 * Readers and writers take no lock and never wait: an entry that is being written is not found and not written.
 * Async-signal-safe; fit for vfork() children and for children of fork() taken at any moment.
 */
#ifndef V6SHIM_RUNTIME_PEER_CACHE_H
#define V6SHIM_RUNTIME_PEER_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/address.h"

#define PEER_FRESH_MINUTES 60 /* ALIAS_REUSE_HOURS relies on it */
#define PEER_SETS          512u
#define PEER_WAYS          4u
#define PEER_WORDS         4u

struct peer_entry {
    _Atomic uint32_t sequence; /* odd while it is being written */
    _Atomic uint32_t minute;   /* 1 + the uptime's when the table was asked; 0: empty */
    _Atomic uint32_t offset;
    _Atomic uint32_t scope;
    _Atomic uint32_t words[PEER_WORDS]; /* the address */
};

/* All zero at first. Each peer is in both. */
struct peer_cache {
    struct peer_entry by_address[PEER_SETS][PEER_WAYS];
    struct peer_entry by_alias[PEER_SETS][PEER_WAYS];
};

bool peer_find_address(const struct peer_cache *cache, uint64_t hash, const struct ip_address *address,
                       uint32_t minute, uint32_t *offset);
bool peer_find_alias(const struct peer_cache *cache, uint32_t offset, uint32_t minute, struct ip_address *address);

/* `minute` is of the uptime. With `both` false only address -> alias: an alias that stands for several peers. */
void peer_keep(struct peer_cache *cache, uint64_t hash, const struct ip_address *address, uint32_t offset,
               uint32_t minute, bool both);

#endif
