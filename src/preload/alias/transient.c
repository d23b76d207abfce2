/* Keeps aliases of peers that can't be stored; called by preload/alias/alias_space.c. */
#include "preload/alias/transient.h"

#include <string.h>

#include "core/alias/alias.h"
#include "preload/base/pool.h"

#define PINNED      (UINT64_MAX - 1) /* even, and later than every use */
#define PINNED_PART 4u
#define GIVE_TRIES  64
#define TOUCH_TRIES 4
#define CLOCK_STEP  2u

/* entry->used: the minute above, the count of uses below, so that what was used earlier is the smaller one. */
#define MINUTE_SHIFT  40
#define COUNT_MASK    ((UINT64_C(1) << MINUTE_SHIFT) - 1)
#define REUSE_MINUTES (ALIAS_REUSE_HOURS * 60u)

_Static_assert(sizeof(struct transient_entry) == 32, "two entries to a cache line");

/* The halves of the table: in one a place is given away by time alone, the other takes whom that has no place for. */
enum half { BY_TIME, BY_USE, HALVES };

/* The part of a half that concerns one address. */
struct page {
    struct transient_entry *entries;
    uint32_t first;
    uint32_t count;
    uint32_t start;
};

static bool is_given(uint64_t used)
{
    return used != 0 && used % 2 == 0;
}

static uint32_t check_of(uint64_t hash)
{
    uint32_t check = (uint32_t)(hash >> 32) ^ (uint32_t)hash;
    return check != 0 ? check : 1;
}

/*
 * Who proposes an entry must see those that others have proposed before (settle): their checks are written and read
 * in one order for all threads. All other loads are acquire and stores release, so that a reader who has seen a word
 * of a later write also sees that the check has changed.
 */
static uint32_t load_check(const struct transient_entry *entry)
{
    return atomic_load(&entry->check);
}

static void read_address(const struct transient_entry *entry, struct ip_address *address)
{
    uint32_t words[TRANSIENT_WORDS];
    struct in6_addr ipv6;
    for (unsigned i = 0; i < TRANSIENT_WORDS; i++)
        words[i] = atomic_load_explicit(&entry->words[i], memory_order_acquire);
    memcpy(&ipv6, words, sizeof ipv6);
    *address = address_ipv6(&ipv6, atomic_load_explicit(&entry->scope, memory_order_acquire));
}

static bool holds(const struct transient_entry *entry, const struct transient_question *question)
{
    struct ip_address address;
    uint32_t check = check_of(question->hash);
    if (load_check(entry) != check)
        return false;
    read_address(entry, &address);
    return address_equal(&address, question->address) && load_check(entry) == check;
}

static void write_address(struct transient_entry *entry, const struct transient_question *question)
{
    uint32_t words[TRANSIENT_WORDS];
    memcpy(words, &question->address->ipv6, sizeof words);
    atomic_store(&entry->check, 0);
    atomic_store_explicit(&entry->scope, question->address->scope, memory_order_release);
    for (unsigned i = 0; i < TRANSIENT_WORDS; i++)
        atomic_store_explicit(&entry->words[i], words[i], memory_order_release);
    atomic_store(&entry->check, check_of(question->hash));
}

/* One more than the minute: an entry that was never used has 0 there. */
static uint64_t use_at(uint32_t minute, uint64_t count)
{
    return ((uint64_t)minute + 1) << MINUTE_SHIFT | (count & COUNT_MASK);
}

static uint64_t next_use(struct transient_table *table, uint32_t minute)
{
    return use_at(minute, atomic_fetch_add(&table->clock, CLOCK_STEP) + CLOCK_STEP);
}

/* A time that went back, which a clock that is faked does, makes nothing old. */
static bool is_unseen_for_long(uint64_t used, uint32_t minute)
{
    uint64_t then = used >> MINUTE_SHIFT, now = (uint64_t)minute + 1;
    return used == 0 || (now >= then && now - then >= REUSE_MINUTES);
}

/* Only while it is still what it was when `used` was read: false where somebody else has used or taken it since. */
static bool touch(struct transient_table *table, struct transient_entry *entry, uint64_t used, uint32_t minute)
{
    return used == PINNED || used == use_at(minute, atomic_load_explicit(&table->clock, memory_order_relaxed)) ||
           atomic_compare_exchange_strong(&entry->used, &used, next_use(table, minute));
}

/* A table of one place has no first half. */
static bool page_of(struct transient_table *table, const struct transient_question *question, enum half half,
                    bool make, struct page *page)
{
    size_t size = question->places * sizeof(struct transient_entry);
    struct transient_entry *entries =
        make ? pool_chunk(&table->entries, NULL, size) : atomic_load_explicit(&table->entries, memory_order_acquire);
    uint32_t first = half == BY_TIME ? 0 : question->places / 2;
    uint32_t places = half == BY_TIME ? question->places / 2 : question->places - first;
    if (entries == NULL || places == 0)
        return false;
    page->count = places < TRANSIENT_PAGE ? places : TRANSIENT_PAGE;
    page->first = first + ((uint32_t)question->hash & (places - 1) & ~(page->count - 1));
    page->start = (uint32_t)question->hash & (page->count - 1);
    page->entries = entries + page->first;
    return true;
}

/* The number of the entry in the page that is looked at in this step of a walk. */
static uint32_t step_to(const struct page *page, uint32_t step)
{
    return (page->start + step) & (page->count - 1);
}

/* The number of the address's entry, or page->count. */
static uint32_t find(struct transient_table *table, const struct page *page,
                     const struct transient_question *question)
{
    for (uint32_t step = 0; step < page->count; step++) {
        struct transient_entry *entry = &page->entries[step_to(page, step)];
        for (int tries = 0; tries < TOUCH_TRIES && load_check(entry) == check_of(question->hash); tries++) {
            uint64_t used = atomic_load(&entry->used);
            if (is_given(used) && holds(entry, question) && touch(table, entry, used, question->minute))
                return step_to(page, step);
        }
    }
    return page->count;
}

/* The first free entry, else the one unused for the longest; page->count where all are pinned. *used is its time. */
static uint32_t choose(const struct page *page, uint64_t *used)
{
    uint32_t oldest = page->count;
    *used = PINNED;
    for (uint32_t step = 0; step < page->count && *used != 0; step++) {
        uint64_t there = atomic_load(&page->entries[step_to(page, step)].used);
        if (there < *used) {
            *used = there;
            oldest = step_to(page, step);
        }
    }
    return oldest;
}

/*
 * Two threads may have proposed an entry for one address. Whose has been given already has won, else the lower one:
 * who has the lower withdraws the other's, who has the higher gives the other's. True: `number` is what was agreed
 * on. (Three threads that meet one new peer in the same instant may still give it two aliases, both of which mean
 * it.)
 */
static bool commit(const struct page *page, const struct transient_question *question, uint64_t use, uint32_t *number)
{
    uint32_t own = *number;
    for (uint32_t other = 0; other < page->count; other++) {
        struct transient_entry *entry = &page->entries[other];
        uint64_t used = atomic_load(&entry->used);
        if (other == own || used == 0 || !holds(entry, question))
            continue;
        if (used % 2 != 0)
            atomic_compare_exchange_strong(&entry->used, &used, other > own ? 0 : used - 1);
        if (is_given(atomic_load(&entry->used)) && holds(entry, question)) {
            uint64_t proposed = use + 1;
            atomic_compare_exchange_strong(&page->entries[own].used, &proposed, 0);
            *number = other;
            return true;
        }
    }
    uint64_t proposed = use + 1;
    if (atomic_compare_exchange_strong(&page->entries[own].used, &proposed, use))
        return true;
    return is_given(proposed) && holds(&page->entries[own], question);
}

/* The page in which the address has a place, and its number there. */
static bool find_page(struct transient_table *table, const struct transient_question *question, struct page *page,
                      uint32_t *number)
{
    for (enum half half = BY_TIME; half < HALVES; half++)
        if (page_of(table, question, half, false, page) && (*number = find(table, page, question)) < page->count)
            return true;
    return false;
}

bool transient_find(struct transient_table *table, const struct transient_question *question, uint32_t *place)
{
    struct page page;
    uint32_t number;
    if (!find_page(table, question, &page, &number))
        return false;
    *place = page.first + number;
    return true;
}

static bool give_in(struct transient_table *table, const struct transient_question *question, enum half half,
                    uint32_t *place)
{
    struct page page;
    if (!page_of(table, question, half, true, &page))
        return false;
    for (int tries = 0; tries < GIVE_TRIES; tries++) {
        uint64_t seen;
        uint32_t number = find(table, &page, question);
        *place = page.first + number;
        if (number < page.count)
            return true;
        number = choose(&page, &seen);
        if (number == page.count || (half == BY_TIME && !is_unseen_for_long(seen, question->minute)))
            return false;
        uint64_t use = next_use(table, question->minute);
        if (!atomic_compare_exchange_strong(&page.entries[number].used, &seen, use + 1))
            continue;
        write_address(&page.entries[number], question);
        if (commit(&page, question, use, &number)) {
            *place = page.first + number;
            return true;
        }
    }
    return false;
}

bool transient_give(struct transient_table *table, const struct transient_question *question, uint32_t *place)
{
    return transient_find(table, question, place) || give_in(table, question, BY_TIME, place) ||
           give_in(table, question, BY_USE, place);
}

bool transient_is_by_time(uint32_t place, uint32_t places)
{
    return place < places / 2;
}

bool transient_at(struct transient_table *table, struct siphash_key secret, uint32_t place, uint32_t places,
                  uint32_t minute, struct ip_address *address)
{
    struct transient_entry *entries = atomic_load_explicit(&table->entries, memory_order_acquire);
    if (entries == NULL || place >= places)
        return false;
    struct transient_entry *entry = &entries[place];
    for (int tries = 0; tries < TOUCH_TRIES; tries++) {
        uint64_t used = atomic_load(&entry->used);
        uint32_t check = load_check(entry);
        read_address(entry, address);
        if (is_given(used) && check == check_of(alias_hash(secret, address)) && load_check(entry) == check &&
            touch(table, entry, used, minute))
            return true;
    }
    return false;
}

static uint32_t count_pinned(const struct page *page)
{
    uint32_t count = 0;
    for (uint32_t number = 0; number < page->count; number++)
        count += atomic_load_explicit(&page->entries[number].used, memory_order_relaxed) == PINNED;
    return count;
}

bool transient_pin(struct transient_table *table, const struct transient_question *question, uint32_t *place)
{
    struct page page;
    for (int tries = 0; tries < TOUCH_TRIES; tries++) {
        uint32_t number;
        if (!find_page(table, question, &page, &number))
            return false;
        uint64_t used = atomic_load(&page.entries[number].used);
        if (used != PINNED && count_pinned(&page) >= page.count / PINNED_PART)
            return false;
        *place = page.first + number;
        if (is_given(used) && holds(&page.entries[number], question) &&
            (used == PINNED || atomic_compare_exchange_strong(&page.entries[number].used, &used, PINNED)))
            return true;
    }
    return false;
}
