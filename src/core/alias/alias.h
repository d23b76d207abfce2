/*
 * IPv6 address <-> IPv4 alias: where in the pool an address looks for its alias, and what a record of the table says.
 *
 * The pool's addresses are counted from 0 (offsets). The table has a record for each offset, and is searched by pages
 * of ALIAS_PAGE_RECORDS: a keyed hash sends an address to one page and to a place in it, and that page is all that is
 * ever looked at for this address. So a search costs the same however many aliases there are, all who have the key
 * agree on the alias but for collisions, and nobody without the key can aim at somebody's page.
 *
 * Aliases of names are for ever. Those of inbound peers take at most a quarter of any page, and are reused once they
 * have not been seen for 24 hours: counted per page, the bound needs no counter that could go wrong.
 *
 * The last quarter of the pool, 262,144 addresses at most, is the transient range: never in the table, handed out by
 * each process for itself to addresses that can't be stored. One half of it is for names, the other one for peers.
 * Records that an earlier version has left there are neither found nor shown. Offset 0 is never handed out: nobody.
 *
 * Pure: the caller reads and writes the memory or the file, and passes the clock. Async-signal-safe, errno left
 * alone.
 */
#ifndef V6SHIM_CORE_ALIAS_ALIAS_H
#define V6SHIM_CORE_ALIAS_ALIAS_H

#include "core/address/address.h"
#include "core/base/siphash.h"

#define ALIAS_RECORD_SIZE  32
#define ALIAS_PAGE_RECORDS 64
#define ALIAS_PAGE_SIZE    (ALIAS_PAGE_RECORDS * ALIAS_RECORD_SIZE)

/* Peers get at most this part of a page. */
#define ALIAS_PEER_PART 4

/* Promised: not reused within 24 hours. Recorded times are up to two hours behind (whole hours; and a process that
   has just seen a peer doesn't look at its record again for an hour). */
#define ALIAS_REUSE_HOURS 26

#define ALIAS_POOL_LENGTH_MIN 8
#define ALIAS_POOL_LENGTH_MAX 28

/* The IPv4 prefix that aliases are taken from. */
struct alias_pool {
    uint32_t first; /* host byte order */
    uint32_t count; /* a power of two, 16 to 2^24 */
};

/* False, and the pool unchanged, unless `prefix`/`length` is a prefix of 8 to 28 bits, outside 0/8, 127/8, 224/4 and
   255/8, its host bits zero. */
bool alias_pool_set(struct alias_pool *pool, struct in_addr prefix, unsigned length);
/* The same for a first address, in host byte order, and a number of addresses, as a file has them. */
bool alias_pool_make(struct alias_pool *pool, uint32_t first, uint32_t count);

/* Whether an address is inside the prefix, whatever it is used for; and where. */
static inline bool alias_pool_find(const struct alias_pool *pool, struct in_addr address, uint32_t *offset)
{
    *offset = ntohl(address.s_addr) - pool->first;
    return *offset < pool->count;
}
static inline bool alias_pool_contains(const struct alias_pool *pool, struct in_addr address)
{
    uint32_t offset;
    return alias_pool_find(pool, address, &offset);
}
/* Only for an address inside the pool. */
struct in_addr alias_pool_address(const struct alias_pool *pool, uint32_t offset);
/* The offset of the address that means nobody. */
#define ALIAS_NOBODY 0u

/* The transient range: so much of the pool, and no more than that. */
#define ALIAS_TRANSIENT_PART 4u
#define ALIAS_TRANSIENT_MAX  262144u

/* A part of the pool, in offsets. The counts are powers of two. */
struct alias_part {
    uint32_t first;
    uint32_t count;
};

/* The halves of the transient range. */
struct alias_part alias_pool_names(const struct alias_pool *pool);
struct alias_part alias_pool_peers(const struct alias_pool *pool);
static inline bool alias_part_contains(const struct alias_part *part, uint32_t offset)
{
    return offset - part->first < part->count;
}
/* Whether the offset may have a record in the table: it is neither nobody's nor in the transient range. */
bool alias_pool_is_stored(const struct alias_pool *pool, uint32_t offset);

enum alias_kind {
    ALIAS_NAME = 1, /* given by a resolver, or typed: for ever */
    ALIAS_PEER = 2  /* seen as a source address: reused when not seen for long */
};

/*
 * The time, as records hold it. Whether an alias may be reused is judged by both clocks: the calendar may be wrong
 * (no battery) or set back, the uptime starts anew with each boot.
 */
struct alias_moment {
    uint32_t minute;      /* of the calendar, from 1970 */
    uint32_t uptime_hour; /* since boot */
    uint32_t boot;        /* which boot: ALIAS_BOOT_BITS wide; 0 is unknown */
};

#define ALIAS_BOOT_BITS 20

struct alias_record {
    struct ip_address address;
    enum alias_kind kind;
    struct alias_moment seen; /* lately: to the hour for peers, to the day for names */
};

/*
 * The bytes of a record. `seal` is the file's, see core/base/slot.h: it belongs to one pool and key. Decoding gives
 * false for a record that is free, damaged, or says what no writer writes.
 */
void alias_record_encode(const struct alias_record *record, uint64_t seal, uint32_t offset,
                         uint8_t bytes[ALIAS_RECORD_SIZE]);
bool alias_record_decode(const uint8_t bytes[ALIAS_RECORD_SIZE], uint64_t seal, uint32_t offset,
                         struct alias_record *record);

/* A link-local address of another boot (or where boots can't be told apart): its interface index means nothing now.
 */
bool alias_record_is_stale(const struct alias_record *record, const struct alias_moment *now);

/* Whether a record that was found should be written again: a peer has become a name, or its time is too old. */
bool alias_record_is_due(const struct alias_record *record, enum alias_kind kind, const struct alias_moment *now);

/* The hash that places an address. */
uint64_t alias_hash(struct siphash_key key, const struct ip_address *address);

/* The part of the table that concerns one address. */
struct alias_page {
    uint32_t first; /* offset of its first record */
    uint32_t
        count; /* records: ALIAS_PAGE_RECORDS, or the whole of a smaller pool. In a small pool some are not used */
    uint32_t start; /* the place in it where the address looks first */
};

struct alias_page alias_page_of(const struct alias_pool *pool, uint64_t hash);

/* Whether this process uses the alias at `offset` for another address, whatever the table says. Then it is neither
   found nor handed out; the address gets a second alias in the table. */
typedef bool alias_taken(void *context, uint32_t offset, const struct ip_address *address);

struct alias_search {
    struct ip_address address;
    enum alias_kind kind;
    struct alias_moment now;
    uint64_t seal;
    alias_taken *taken; /* NULL: none is */
    void *context;
    bool only_known; /* give no alias to an address that has none */
    bool added;      /* it was given one */
};

enum alias_found {
    ALIAS_PRESENT, /* the address has the alias at `offset`, `record` is its record */
    ALIAS_PLACE,   /* it has none; one may be written at `offset` */
    ALIAS_NO_PLACE /* it has none, and the page has no room for it */
};

/*
 * Searches the page, given as its bytes. A damaged record is neither a match nor free. The place is the address's own
 * record of an earlier boot, if it is link-local; else the first free record; else the one unseen for the longest
 * that may be reused: by anybody where it is an old peer's, by a link-local address where it is that of an earlier
 * boot.
 */
enum alias_found alias_page_search(const struct alias_pool *pool, const struct alias_page *page, const uint8_t *bytes,
                                   const struct alias_search *search, uint32_t *offset, struct alias_record *record);

#endif
