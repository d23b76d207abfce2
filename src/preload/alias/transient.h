/*
 * The aliases of peers that can't be stored: a table in this process, whose places are the addresses of one part of
 * the pool (alias_pool_peers).
 *
 * One half of them is given out by time, as the places of peers in the file are: what stood for one host stands for
 * another when the first was not seen for 24 hours (ALIAS_REUSE_HOURS), so that neither a line of a log nor an access
 * rule means somebody else on the next day. Whoever comes while that half has no place for it, in a flood of peers,
 * gets one of the other half. Those are handed out anew by least recent use, so that such a peer, too, is answered
 * while it is among the latest ones. A flood costs a fixed amount of memory, and takes no alias from who came before.
 *
 * A hash with the secret of the process sends an address to one page of TRANSIENT_PAGE places in each half, and to a
 * place in it. So nobody outside can tell which address would be shown as which alias, nor aim at somebody's page. A
 * half has twice as many places as peers are promised to be kept in it at once (TRANSIENT_PEERS in 65,536): with 64
 * places to a page, none gets more than its places from half as many peers, but for one case in millions.
 *
 * Readers and writers take no lock and never wait. Each entry has a checksum of the address by the secret, so that
 * one that was torn by two writers, or left half-written by a jump out of a handler, by fork() or a killed thread,
 * means nobody, and is used again in its turn. A child of fork() has a copy: it keeps what its parent handed out, and
 * by the same secret mostly agrees with its brothers about what comes later.
 *
 * Async-signal-safe, errno kept.
 */
#ifndef V6SHIM_PRELOAD_ALIAS_TRANSIENT_H
#define V6SHIM_PRELOAD_ALIAS_TRANSIENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/address/address.h"
#include "core/base/siphash.h"

#define TRANSIENT_PAGE  64u
#define TRANSIENT_PEERS 32768u
#define TRANSIENT_WORDS 4u

struct transient_entry {
    /* When it was used: the minute and, even, the count of uses of the table. Odd: proposed, see transient.c. 0:
     * free.
     */
    _Atomic uint64_t used;
    _Atomic uint32_t check; /* 0: being written */
    _Atomic uint32_t scope;
    _Atomic uint32_t words[TRANSIENT_WORDS]; /* the address */
};

/* All zero at first. The entries are mapped when the first one is needed: 32 bytes for each place, 4 MiB at most. */
struct transient_table {
    void *_Atomic entries;
    _Atomic uint64_t clock;
};

/* One question: `hash` is the address's alias_hash by the secret. `places` is the size of the part, a power of two;
   `minute` is now, as host_uptime_minutes() says. */
struct transient_question {
    const struct ip_address *address;
    uint64_t hash;
    uint32_t places;
    uint32_t minute;
};

/* The place of an address that has one. It counts as used. */
bool transient_find(struct transient_table *table, const struct transient_question *question, uint32_t *place);

/* The same; an address that has none is given one. False where there is no memory, or names have the whole page
   of the second half. */
bool transient_give(struct transient_table *table, const struct transient_question *question, uint32_t *place);

/* The address that has the place. It counts as used. `secret` is what hashes are made with. */
bool transient_at(struct transient_table *table, struct siphash_key secret, uint32_t place, uint32_t places,
                  uint32_t minute, struct ip_address *address);

/* Whether a place is given to another address by time alone. */
bool transient_is_by_time(uint32_t place, uint32_t places);

/* The place of an address that has one, for good from now on: a name has this address. At most a quarter of a page is
   given up to such; false beyond that. */
bool transient_pin(struct transient_table *table, const struct transient_question *question, uint32_t *place);

#endif
