#include "runtime/peer_cache.h"

#include <string.h>

/* The contents of an entry, read as a whole. */
struct peer {
    uint32_t minute;
    uint32_t offset;
    struct ip_address address;
};

/*
 * Loads are acquire and stores release, every one: a reader that has seen a word of a later write then also sees that
 * the sequence has changed. (A fence would do on paper; the thread sanitizer does not know fences.)
 */
static uint32_t load(const _Atomic uint32_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void store(_Atomic uint32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

/* False for an entry that is empty, or changes meanwhile. */
static bool read_entry(const struct peer_entry *entry, struct peer *peer)
{
    uint32_t sequence = load(&entry->sequence);
    uint32_t words[PEER_WORDS];
    struct in6_addr ipv6;
    peer->minute = load(&entry->minute);
    peer->offset = load(&entry->offset);
    uint32_t scope = load(&entry->scope);
    for (unsigned i = 0; i < PEER_WORDS; i++)
        words[i] = load(&entry->words[i]);
    memcpy(&ipv6, words, sizeof ipv6);
    peer->address = address_ipv6(&ipv6, scope);
    return peer->minute != 0 && sequence % 2 == 0 && load(&entry->sequence) == sequence;
}

static void write_entry(struct peer_entry *entry, const struct peer *peer)
{
    uint32_t sequence = load(&entry->sequence);
    if (sequence % 2 != 0 || !atomic_compare_exchange_strong(&entry->sequence, &sequence, sequence + 1))
        return;
    uint32_t words[PEER_WORDS];
    memcpy(words, &peer->address.ipv6, sizeof words);
    store(&entry->minute, peer->minute);
    store(&entry->offset, peer->offset);
    store(&entry->scope, peer->address.scope);
    for (unsigned i = 0; i < PEER_WORDS; i++)
        store(&entry->words[i], words[i]);
    store(&entry->sequence, sequence + 2);
}

static bool is_fresh(const struct peer *peer, uint32_t minute)
{
    return minute + 1 - peer->minute < PEER_FRESH_MINUTES;
}

bool peer_find_address(const struct peer_cache *cache, uint64_t hash, const struct ip_address *address,
                       uint32_t minute, uint32_t *offset)
{
    for (unsigned way = 0; way < PEER_WAYS; way++) {
        struct peer peer;
        if (read_entry(&cache->by_address[hash % PEER_SETS][way], &peer) && address_equal(&peer.address, address) &&
            is_fresh(&peer, minute)) {
            *offset = peer.offset;
            return true;
        }
    }
    return false;
}

bool peer_find_alias(const struct peer_cache *cache, uint32_t offset, uint32_t minute, struct ip_address *address)
{
    for (unsigned way = 0; way < PEER_WAYS; way++) {
        struct peer peer;
        if (read_entry(&cache->by_alias[offset % PEER_SETS][way], &peer) && peer.offset == offset &&
            is_fresh(&peer, minute)) {
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
        if (read_entry(&set[way], &there) &&
            (by_alias ? there.offset == peer->offset : address_equal(&there.address, &peer->address)))
            return &set[way];
        if (load(&set[way].minute) < load(&oldest->minute))
            oldest = &set[way];
    }
    return oldest;
}

void peer_keep(struct peer_cache *cache, uint64_t hash, const struct ip_address *address, uint32_t offset,
               uint32_t minute, bool both)
{
    struct peer peer = {.minute = minute + 1, .offset = offset, .address = *address};
    write_entry(choose(cache->by_address[hash % PEER_SETS], &peer, false), &peer);
    if (both)
        write_entry(choose(cache->by_alias[offset % PEER_SETS], &peer, true), &peer);
}
