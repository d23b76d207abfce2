/* Keeps the peers that were seen lately; called by preload/alias/alias_space.c. */
#include "preload/alias/peer_cache.h"

#include <string.h>

#include "core/alias/alias.h"

/* The contents of an entry, read as a whole. */
struct peer {
    uint32_t minute;
    uint32_t offset;
    struct ip_address address;
};

/*
 * Loads are acquire and stores release, every one: a reader that has seen a word of a later write then also sees that
 * the check has changed. (A fence would do on paper; the thread sanitizer does not know fences.)
 */
static uint32_t load(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void store(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

/* Odd factors: another minute or another offset is another check. */
static uint32_t check_of(uint64_t hash, const struct peer *peer)
{
    uint32_t check = (uint32_t)(hash ^ hash >> 32) ^ peer->minute * UINT32_C(0x9e3779b1);
    check ^= peer->offset * UINT32_C(0x85ebca6b);
    return check != 0 ? check : 1;
}

/* Returns the check that goes with it, 0 for an entry that is empty or changes meanwhile. */
static uint32_t read_entry(const struct peer_entry *entry, struct peer *peer)
{
    uint32_t check = load(&entry->check);
    uint32_t words[PEER_WORDS];
    struct in6_addr ipv6;
    peer->minute = load(&entry->minute);
    peer->offset = load(&entry->offset);
    uint32_t scope = load(&entry->scope);
    for (unsigned i = 0; i < PEER_WORDS; i++)
        words[i] = load(&entry->words[i]);
    memcpy(&ipv6, words, sizeof ipv6);
    peer->address = address_ipv6(&ipv6, scope);
    return peer->minute != 0 && load(&entry->check) == check ? check : 0;
}

static void write_entry(struct peer_entry *entry, const struct peer *peer, uint64_t hash)
{
    uint32_t words[PEER_WORDS];
    memcpy(words, &peer->address.ipv6, sizeof words);
    store(&entry->check, 0);
    store(&entry->minute, peer->minute);
    store(&entry->offset, peer->offset);
    store(&entry->scope, peer->address.scope);
    for (unsigned i = 0; i < PEER_WORDS; i++)
        store(&entry->words[i], words[i]);
    store(&entry->check, check_of(hash, peer));
}

static bool is_fresh(const struct peer *peer, uint32_t minute, uint32_t minutes)
{
    return minute + 1 - peer->minute < minutes;
}

bool peer_find_address(const struct peer_cache *cache, uint64_t hash, const struct ip_address *address,
                       uint32_t minute, uint32_t minutes, uint32_t *offset)
{
    for (unsigned way = 0; way < PEER_WAYS; way++) {
        struct peer peer;
        uint32_t check = read_entry(&cache->by_address[hash % PEER_SETS][way], &peer);
        if (check != 0 && address_equal(&peer.address, address) && check == check_of(hash, &peer) &&
            is_fresh(&peer, minute, minutes)) {
            *offset = peer.offset;
            return true;
        }
    }
    return false;
}

bool peer_find_alias(const struct peer_cache *cache, struct siphash_key secret, uint32_t offset, uint32_t minute,
                     uint32_t minutes, struct ip_address *address)
{
    for (unsigned way = 0; way < PEER_WAYS; way++) {
        struct peer peer;
        uint32_t check = read_entry(&cache->by_alias[offset % PEER_SETS][way], &peer);
        if (check != 0 && peer.offset == offset && check == check_of(alias_hash(secret, &peer.address), &peer) &&
            is_fresh(&peer, minute, minutes)) {
            *address = peer.address;
            return true;
        }
    }
    return false;
}

/* The entry for this peer: its own if it has one, else the emptiest or oldest. */
static struct peer_entry *choose(struct peer_entry *set, const struct peer *peer, bool by_alias)
{
    struct peer_entry *oldest = &set[0];
    for (unsigned way = 0; way < PEER_WAYS; way++) {
        struct peer there;
        if (read_entry(&set[way], &there) != 0 &&
            (by_alias ? there.offset == peer->offset : address_equal(&there.address, &peer->address)))
            return &set[way];
        if (load(&set[way].minute) < load(&oldest->minute))
            oldest = &set[way];
    }
    return oldest;
}

void peer_keep(struct peer_cache *cache, uint64_t hash, const struct ip_address *address, uint32_t offset,
               uint32_t minute)
{
    struct peer peer = {.minute = minute + 1, .offset = offset, .address = *address};
    write_entry(choose(cache->by_address[hash % PEER_SETS], &peer, false), &peer, hash);
    write_entry(choose(cache->by_alias[offset % PEER_SETS], &peer, true), &peer, hash);
}

void peer_each(const struct peer_cache *cache, struct siphash_key secret, peer_visit *each, void *context)
{
    for (unsigned set = 0; set < PEER_SETS; set++)
        for (unsigned way = 0; way < PEER_WAYS; way++) {
            struct peer peer;
            uint32_t check = read_entry(&cache->by_address[set][way], &peer);
            if (check != 0 && check == check_of(alias_hash(secret, &peer.address), &peer))
                each(context, &peer.address, peer.offset);
        }
}
