/* Says where an address looks for its alias, and packs records of the table; called by preload/alias and
   preload/state. */
#include "core/alias/alias.h"
#include "core/linker/start.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/slot.h"

/* The record: checksum, scope, a word of kind and times, address. */
#define SCOPE_PLACE   4
#define WORD_PLACE    8
#define ADDRESS_PLACE 16

/* The word, from the lowest bit. */
#define KIND_BITS   2
#define MINUTE_BITS 26 /* until 2097 */
#define HOUR_BITS   16 /* seven years without a reboot */
_Static_assert(KIND_BITS + MINUTE_BITS + HOUR_BITS + ALIAS_BOOT_BITS == 64, "the word is full");

#define ADDRESS_BITS 32
#define COUNT_MIN    (UINT32_C(1) << (ADDRESS_BITS - ALIAS_POOL_LENGTH_MAX))
#define COUNT_MAX    (UINT32_C(1) << (ADDRESS_BITS - ALIAS_POOL_LENGTH_MIN))

#define REHASH_SHIFT 38 /* above the bits that choose the page and the place in it */

#define NAME_REFRESH_MINUTES (24 * 60)
#define REUSE_MINUTES        (ALIAS_REUSE_HOURS * 60)

bool alias_pool_make(struct alias_pool *pool, uint32_t first, uint32_t count)
{
    uint32_t octet = first >> 24;
    if (count < COUNT_MIN || count > COUNT_MAX || (count & (count - 1)) != 0 || (first & (count - 1)) != 0 ||
        octet == 0 || octet == 127 || octet >> 4 == 14 || octet == 255)
        return false;
    *pool = (struct alias_pool){.first = first, .count = count};
    return true;
}

START_CODE bool alias_pool_set(struct alias_pool *pool, struct in_addr prefix, unsigned length)
{
    return length >= ALIAS_POOL_LENGTH_MIN && length <= ALIAS_POOL_LENGTH_MAX &&
           alias_pool_make(pool, ntohl(prefix.s_addr), UINT32_C(1) << (ADDRESS_BITS - length));
}

struct in_addr alias_pool_address(const struct alias_pool *pool, uint32_t offset)
{
    return (struct in_addr){.s_addr = htonl(pool->first + offset)};
}

static uint32_t transient_count(const struct alias_pool *pool)
{
    uint32_t part = pool->count / ALIAS_TRANSIENT_PART;
    return part < ALIAS_TRANSIENT_MAX ? part : ALIAS_TRANSIENT_MAX;
}

static uint32_t transient_first(const struct alias_pool *pool)
{
    return pool->count - transient_count(pool);
}

struct alias_part alias_pool_names(const struct alias_pool *pool)
{
    return (struct alias_part){.first = transient_first(pool), .count = transient_count(pool) / 2};
}

struct alias_part alias_pool_peers(const struct alias_pool *pool)
{
    uint32_t half = transient_count(pool) / 2;
    return (struct alias_part){.first = pool->count - half, .count = half};
}

bool alias_pool_is_stored(const struct alias_pool *pool, uint32_t offset)
{
    return offset != ALIAS_NOBODY && offset < transient_first(pool);
}

/* The number, or the largest that fits. */
static uint64_t field(uint32_t number, unsigned bits)
{
    uint64_t largest = (UINT64_C(1) << bits) - 1;
    return number < largest ? number : largest;
}

void alias_record_encode(const struct alias_record *record, uint64_t seal, uint32_t offset,
                         uint8_t bytes[ALIAS_RECORD_SIZE])
{
    uint64_t word = field(record->seen.boot, ALIAS_BOOT_BITS);
    word = word << HOUR_BITS | field(record->seen.uptime_hour, HOUR_BITS);
    word = word << MINUTE_BITS | field(record->seen.minute, MINUTE_BITS);
    word = word << KIND_BITS | (uint64_t)record->kind;
    bytes_put32(bytes + SCOPE_PLACE, record->address.scope);
    bytes_put64(bytes + WORD_PLACE, word);
    memcpy(bytes + ADDRESS_PLACE, &record->address.ipv6, sizeof record->address.ipv6);
    slot_seal(bytes, ALIAS_RECORD_SIZE, seal, offset);
}

static uint32_t take_field(uint64_t *word, unsigned bits)
{
    uint64_t value = *word & ((UINT64_C(1) << bits) - 1);
    *word >>= bits;
    return (uint32_t)value;
}

bool alias_record_decode(const uint8_t bytes[ALIAS_RECORD_SIZE], uint64_t seal, uint32_t offset,
                         struct alias_record *record)
{
    if (slot_check(bytes, ALIAS_RECORD_SIZE, seal, offset) != SLOT_GOOD)
        return false;
    struct in6_addr ipv6;
    memcpy(&ipv6, bytes + ADDRESS_PLACE, sizeof ipv6);
    uint32_t scope = bytes_get32(bytes + SCOPE_PLACE);
    uint64_t word = bytes_get64(bytes + WORD_PLACE);
    uint32_t kind = take_field(&word, KIND_BITS);
    record->address = address_ipv6(&ipv6, scope);
    record->seen.minute = take_field(&word, MINUTE_BITS);
    record->seen.uptime_hour = take_field(&word, HOUR_BITS);
    record->seen.boot = take_field(&word, ALIAS_BOOT_BITS);
    record->kind = kind == ALIAS_PEER ? ALIAS_PEER : ALIAS_NAME;
    return (kind == ALIAS_NAME || kind == ALIAS_PEER) && (scope == 0 || address_is_link_local(&record->address));
}

bool alias_record_is_stale(const struct alias_record *record, const struct alias_moment *now)
{
    return address_is_link_local(&record->address) && (now->boot == 0 || record->seen.boot != now->boot);
}

bool alias_record_is_due(const struct alias_record *record, enum alias_kind kind, const struct alias_moment *now)
{
    if (record->kind == ALIAS_PEER)
        return kind == ALIAS_NAME || record->seen.boot != now->boot || record->seen.uptime_hour != now->uptime_hour;
    /* A calendar that was ahead when the record was written makes it look new for ever: so either way. */
    uint32_t since = now->minute - record->seen.minute;
    uint32_t until = record->seen.minute - now->minute;
    return since >= NAME_REFRESH_MINUTES && until >= NAME_REFRESH_MINUTES;
}

static bool is_old_peer(const struct alias_record *record, const struct alias_moment *now)
{
    if (record->kind != ALIAS_PEER || now->boot == 0 || now->minute < record->seen.minute)
        return false;
    uint32_t hours = now->uptime_hour;
    if (record->seen.boot == now->boot || record->seen.boot == 0) {
        if (hours < record->seen.uptime_hour)
            return false;
        hours -= record->seen.uptime_hour;
    }
    return hours >= ALIAS_REUSE_HOURS && now->minute - record->seen.minute >= REUSE_MINUTES;
}

uint64_t alias_hash(struct siphash_key key, const struct ip_address *address)
{
    uint8_t bytes[sizeof address->ipv6 + 4];
    memcpy(bytes, &address->ipv6, sizeof address->ipv6);
    bytes_put32(bytes + sizeof address->ipv6, address->scope);
    return siphash(key, bytes, sizeof bytes);
}

struct alias_page alias_page_of(const struct alias_pool *pool, uint64_t hash)
{
    uint32_t count = pool->count < ALIAS_PAGE_RECORDS ? pool->count : ALIAS_PAGE_RECORDS;
    uint32_t number = (uint32_t)hash & (pool->count / count - 1);
    /* Pages of the transient range are no pages of the table: other bits choose one that is. The rest stay where an
       earlier version, which had no such range, has its records. */
    uint32_t pages = (transient_first(pool) + count - 1) / count;
    if (number >= pages)
        number = (uint32_t)(hash >> REHASH_SHIFT) % pages;
    return (struct alias_page){
        .first = number * count, .count = count, .start = (uint32_t)(hash >> 32) & (count - 1)};
}

/* What a walk over the page has come across. */
struct walk {
    uint32_t free; /* offsets; 0 is none: nobody */
    uint32_t own;
    uint32_t reusable;
    uint32_t reusable_minute;
    uint32_t peers;
};

static bool is_taken(const struct alias_search *search, uint32_t offset)
{
    return search->taken != NULL && search->taken(search->context, offset, &search->address);
}

static void walk_record(struct walk *walk, const struct alias_search *search, uint32_t offset,
                        const struct alias_record *record)
{
    walk->peers += record->kind == ALIAS_PEER;
    bool stale = alias_record_is_stale(record, &search->now);
    bool reusable = stale ? address_is_link_local(&search->address) : is_old_peer(record, &search->now);
    if (!reusable || is_taken(search, offset))
        return;
    if (stale && walk->own == 0 && address_equal(&record->address, &search->address))
        walk->own = offset;
    if (walk->reusable == 0 || record->seen.minute < walk->reusable_minute) {
        walk->reusable = offset;
        walk->reusable_minute = record->seen.minute;
    }
}

enum alias_found alias_page_search(const struct alias_pool *pool, const struct alias_page *page, const uint8_t *bytes,
                                   const struct alias_search *search, uint32_t *offset, struct alias_record *record)
{
    struct walk walk = {0};
    for (uint32_t step = 0; step < page->count; step++) {
        uint32_t place = (page->start + step) & (page->count - 1);
        uint32_t here = page->first + place;
        const uint8_t *at = bytes + place * ALIAS_RECORD_SIZE;
        if (!alias_pool_is_stored(pool, here))
            continue;
        if (alias_record_decode(at, search->seal, here, record)) {
            if (address_equal(&record->address, &search->address) && !alias_record_is_stale(record, &search->now) &&
                !is_taken(search, here)) {
                *offset = here;
                return ALIAS_PRESENT;
            }
            walk_record(&walk, search, here, record);
        } else if (walk.free == 0 && slot_check(at, ALIAS_RECORD_SIZE, search->seal, here) == SLOT_FREE &&
                   !is_taken(search, here)) {
            walk.free = here;
        }
    }
    bool may_add = search->kind != ALIAS_PEER || walk.peers < page->count / ALIAS_PEER_PART;
    *offset = walk.own != 0 ? walk.own : may_add && walk.free != 0 ? walk.free : walk.reusable;
    return *offset != 0 ? ALIAS_PLACE : ALIAS_NO_PLACE;
}
