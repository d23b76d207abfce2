/* Keeps which addresses one lookup returned; written and read through preload/resolve/lookups.c. */
#include "core/names/candidates.h"

#include <string.h>

#define FNV_OFFSET_BASIS 0xcbf29ce484222325u /* FNV-1a, 64 bits: not a secret, only a spread */
#define FNV_PRIME        0x100000001b3u

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

#define NAME_BLOCK_SIZE 64

uint64_t candidates_name_hash(struct siphash_key key, const char *name)
{
    char block[NAME_BLOCK_SIZE];
    uint64_t hash = 0;
    bool whole;
    do { /* the hash of each block is part of the key for the next one */
        size_t length = 0;
        while (length < sizeof block && *name != '\0' && !(name[0] == '.' && name[1] == '\0')) {
            char letter = *name++;
            block[length++] = letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
        }
        whole = length == sizeof block;
        hash = siphash((struct siphash_key){key.low ^ hash, key.high}, block, length);
    } while (whole);
    return hash != 0 ? hash : 1;
}

struct packed {
    uint64_t place, high, low;
};

static struct packed pack(const struct ip_address *address)
{
    struct packed packed = {.place = (uint64_t)address->family << 32 | address->scope};
    if (address->family == AF_INET) {
        packed.high = address->ipv4.s_addr;
    } else {
        memcpy(&packed.high, address->ipv6.s6_addr, sizeof packed.high);
        memcpy(&packed.low, address->ipv6.s6_addr + sizeof packed.high, sizeof packed.low);
    }
    return packed;
}

static struct ip_address unpack(const struct candidate_entry *entry)
{
    uint64_t place = SEQLOCK_LOAD(entry->place), high = SEQLOCK_LOAD(entry->high), low = SEQLOCK_LOAD(entry->low);
    if (place >> 32 == AF_INET)
        return address_ipv4((struct in_addr){.s_addr = (in_addr_t)high});
    struct in6_addr ipv6;
    memcpy(ipv6.s6_addr, &high, sizeof high);
    memcpy(ipv6.s6_addr + sizeof high, &low, sizeof low);
    return address_ipv6(&ipv6, (uint32_t)place);
}

static bool entry_is(const struct candidate_entry *entry, struct packed packed)
{
    return LOAD(entry->place) == packed.place && LOAD(entry->high) == packed.high && LOAD(entry->low) == packed.low;
}

static size_t bucket_of(struct packed packed)
{
    uint64_t hash = ((FNV_OFFSET_BASIS ^ packed.high) * FNV_PRIME ^ packed.low) * FNV_PRIME ^ packed.place;
    return (size_t)((hash ^ hash >> 32) * FNV_PRIME >> 40) % CANDIDATES_BUCKETS;
}

uint64_t candidates_others_hash(struct siphash_key key, const struct ip_address *addresses, size_t count)
{
    uint64_t sum = 0;
    size_t ipv6 = 0;
    for (size_t i = 0; i < count; i++) {
        if (addresses[i].family != AF_INET6)
            continue;
        struct packed packed = pack(&addresses[i]);
        sum += siphash(key, &packed, sizeof packed);
        ipv6++;
    }
    if (ipv6 == 0)
        return FACES_NO_OTHERS;
    return sum > FACES_NO_OTHERS && sum < UINT64_MAX ? sum : 1;
}

/* A link names an entry: 1 + record * CANDIDATES_PER_LIST + place. */
static uint32_t link_of(uint32_t record, size_t place)
{
    return (uint32_t)(1 + record * CANDIDATES_PER_LIST + place);
}

/* Takes the entries of a record that is about to be overwritten out of their chains. */
static void unlink_record(struct candidates *table, uint32_t index)
{
    struct candidate_record *record = &table->records[index];
    for (size_t place = 0; place < LOAD(record->count); place++) {
        struct ip_address address = unpack(&record->entries[place]);
        _Atomic uint32_t *link = &table->buckets[bucket_of(pack(&address))];
        while (LOAD(*link) != 0 && LOAD(*link) != link_of(index, place)) {
            uint32_t at = LOAD(*link) - 1;
            link = &table->records[at / CANDIDATES_PER_LIST].entries[at % CANDIDATES_PER_LIST].older;
        }
        if (LOAD(*link) != 0)
            STORE(*link, LOAD(record->entries[place].older));
    }
}

/* The newest record, if it says the same already: a program that resolves in a loop must not push the others out. */
static struct candidate_record *same_as_newest(struct candidates *table, uint64_t thread,
                                               const struct candidate_answer *answer, size_t count)
{
    uint32_t next = LOAD(table->next);
    if (next == 0)
        return NULL;
    struct candidate_record *record = &table->records[(next - 1) % CANDIDATES_LISTS];
    if (LOAD(record->name) != answer->name || LOAD(record->thread) != thread || LOAD(record->count) != count ||
        LOAD(record->face) != answer->face)
        return NULL;
    for (size_t place = 0; place < count; place++)
        if (!entry_is(&record->entries[place], pack(&answer->addresses[place])))
            return NULL;
    return record;
}

void candidates_record(struct candidates *table, uint64_t thread, int64_t now_ms,
                       const struct candidate_answer *answer)
{
    size_t count = answer->count < CANDIDATES_PER_LIST ? answer->count : CANDIDATES_PER_LIST;
    struct candidate_record *record = same_as_newest(table, thread, answer, count);
    if (record != NULL) {
        STORE(record->time_ms, now_ms);
        STORE(record->failed_leader, 0);
        return;
    }
    uint32_t index = LOAD(table->next) % CANDIDATES_LISTS;
    record = &table->records[index];
    unlink_record(table, index);
    seqlock_begin_write(&record->lock);
    SEQLOCK_STORE(record->name, answer->name);
    SEQLOCK_STORE(record->thread, thread);
    SEQLOCK_STORE(record->time_ms, now_ms);
    SEQLOCK_STORE(record->failed_leader, 0);
    SEQLOCK_STORE(record->face, (uint32_t)answer->face);
    SEQLOCK_STORE(record->count, (uint32_t)count);
    for (size_t place = 0; place < count; place++) {
        struct packed packed = pack(&answer->addresses[place]);
        struct candidate_entry *entry = &record->entries[place];
        SEQLOCK_STORE(entry->place, packed.place);
        SEQLOCK_STORE(entry->high, packed.high);
        SEQLOCK_STORE(entry->low, packed.low);
    }
    seqlock_end_write(&record->lock);
    for (size_t place = 0; place < count; place++) {
        _Atomic uint32_t *head = &table->buckets[bucket_of(pack(&answer->addresses[place]))];
        STORE(record->entries[place].older, LOAD(*head));
        atomic_store_explicit(head, link_of(index, place), memory_order_release);
    }
    STORE(table->next, LOAD(table->next) + 1);
}

/* Walks a chain. A writer may move entries meanwhile: the count of steps bounds the walk. */
struct walk {
    const struct candidates *table;
    struct packed wanted;
    uint32_t link;
    unsigned steps;
};

static struct walk walk_start(const struct candidates *table, const struct ip_address *address)
{
    struct packed wanted = pack(address);
    return (struct walk){table, wanted,
                         atomic_load_explicit(&table->buckets[bucket_of(wanted)], memory_order_acquire), 0};
}

static bool walk_next(struct walk *walk, uint32_t *record, size_t *place)
{
    while (walk->link != 0 && walk->steps++ < CANDIDATES_LISTS * CANDIDATES_PER_LIST) {
        *record = (walk->link - 1) / CANDIDATES_PER_LIST;
        *place = (walk->link - 1) % CANDIDATES_PER_LIST;
        const struct candidate_entry *entry = &walk->table->records[*record].entries[*place];
        walk->link = LOAD(entry->older);
        if (entry_is(entry, walk->wanted))
            return true;
    }
    return false;
}

static enum face_state face_of(const struct candidates *table, const struct ip_address *address)
{
    return address->family == AF_INET ? faces_state(&table->faces, address->ipv4) : FACE_OWN;
}

bool candidates_know(const struct candidates *table, const struct ip_address *address)
{
    struct walk walk = walk_start(table, address);
    uint32_t record;
    size_t place;
    return walk_next(&walk, &record, &place) && face_of(table, address) != FACE_SHARED;
}

/* Copies a record; false where it was being written. */
static bool copy_record(const struct candidates *table, uint32_t index, struct candidate_list *list)
{
    const struct candidate_record *record = &table->records[index];
    if (!seqlock_begin_read(&record->lock, &list->mark.sequence))
        return false;
    list->mark.record = index;
    list->mark.failed_leader = SEQLOCK_LOAD(record->failed_leader);
    list->count = SEQLOCK_LOAD(record->count);
    list->face = SEQLOCK_LOAD(record->face);
    if (list->count > CANDIDATES_PER_LIST)
        return false;
    for (size_t place = 0; place < list->count; place++)
        list->addresses[place] = unpack(&record->entries[place]);
    return seqlock_is(&record->lock, list->mark.sequence);
}

bool candidates_find(const struct candidates *table, const struct ip_address *address, uint64_t thread,
                     int64_t now_ms, struct candidate_list *list)
{
    struct walk walk = walk_start(table, address);
    uint32_t index, chosen = 0;
    size_t place, chosen_place = 0;
    uint64_t others_name = 0;
    bool found = false, mixed = false, own = false;
    enum face_state face = face_of(table, address);
    if (face == FACE_SHARED)
        return false;
    while (!own && walk_next(&walk, &index, &place)) {
        const struct candidate_record *record = &table->records[index];
        if (face == FACE_UNKNOWN && now_ms - LOAD(record->time_ms) > CANDIDATES_UNNOTED_LIFETIME_MS)
            continue;
        own = LOAD(record->thread) == thread;
        mixed = !own && (mixed || (found && LOAD(record->name) != others_name));
        if (own || !found) {
            chosen = index;
            chosen_place = place;
            others_name = LOAD(record->name);
        }
        found = true;
    }
    if (!found || mixed || LOAD(table->records[chosen].name) == 0 || !copy_record(table, chosen, list))
        return false;
    list->leader = chosen_place;
    list->mark.leader = (uint32_t)chosen_place;
    return chosen_place < list->count && address_equal(&list->addresses[chosen_place], address);
}

void candidates_mark(struct candidates *table, const struct candidate_mark *mark, bool failed)
{
    struct candidate_record *record = &table->records[mark->record];
    if (seqlock_is(&record->lock, mark->sequence))
        STORE(record->failed_leader, failed ? mark->leader + 1 : 0);
}
