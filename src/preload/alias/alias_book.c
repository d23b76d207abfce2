/* Keeps aliases that hold for the life of the process; called by preload/alias/alias_space.c. */
#include "preload/alias/alias_book.h"

#include "preload/base/pool.h"

#define ROOT_BITS   8
#define BRANCH_BITS 2
_Static_assert(1u << ROOT_BITS == BOOK_ROOTS && 1u << BRANCH_BITS == BOOK_BRANCHES, "a link for each value");
_Static_assert(sizeof(struct book_entry) == 64, "one cache line, and the first chunk one page");

/* Chunk n begins with entry FIRST * (2^n - 1). */
static unsigned chunk_of(uint32_t number)
{
    return 31u - (unsigned)__builtin_clz(number / BOOK_FIRST_CHUNK + 1);
}

static struct book_entry *entry_at(struct alias_book *book, uint32_t number)
{
    unsigned chunk = chunk_of(number);
    struct book_entry *entries = atomic_load_explicit(&book->chunks[chunk], memory_order_acquire);
    return entries + (number - BOOK_FIRST_CHUNK * ((1u << chunk) - 1));
}

/* A fresh entry, or false. */
static bool take_entry(struct alias_book *book, uint32_t *number)
{
    *number = atomic_load_explicit(&book->count, memory_order_relaxed);
    do {
        if (*number >= BOOK_ENTRIES)
            return false;
        unsigned chunk = chunk_of(*number);
        if (pool_chunk(&book->chunks[chunk], NULL, sizeof(struct book_entry) * BOOK_FIRST_CHUNK << chunk) == NULL)
            return false;
    } while (!atomic_compare_exchange_weak(&book->count, number, *number + 1));
    return true;
}

/* Spreads the bits of an offset over the word: the walk uses the highest ones first. */
static uint64_t alias_path(uint32_t offset)
{
    return (offset + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
}

/*
 * Both walks follow the bits of a hash down from a root, and end at the entry sought or at the empty link where it
 * belongs. Past the last bit a trie goes on as a list.
 */
static _Atomic uint32_t *walk_addresses(struct alias_book *book, uint64_t hash, const struct ip_address *address,
                                        struct book_entry **found)
{
    _Atomic uint32_t *link = &book->by_address[hash >> (64 - ROOT_BITS)];
    for (hash <<= ROOT_BITS;; hash <<= BRANCH_BITS) {
        uint32_t number = atomic_load_explicit(link, memory_order_acquire);
        *found = number != 0 ? entry_at(book, number - 1) : NULL;
        if (number == 0 || address_equal(&(*found)->address, address))
            return link;
        link = &(*found)->by_address[hash >> (64 - BRANCH_BITS)];
    }
}

static _Atomic uint32_t *walk_aliases(struct alias_book *book, uint32_t offset, struct book_entry **found,
                                      uint32_t *found_link)
{
    uint64_t path = alias_path(offset);
    _Atomic uint32_t *link = &book->by_alias[path >> (64 - ROOT_BITS)];
    for (path <<= ROOT_BITS;; path <<= BRANCH_BITS) {
        *found_link = atomic_load_explicit(link, memory_order_acquire);
        *found = *found_link != 0 ? entry_at(book, *found_link - 1) : NULL;
        if (*found == NULL || (*found)->offset == offset)
            return link;
        link = &(*found)->by_alias[path >> (64 - BRANCH_BITS)];
    }
}

const struct book_entry *book_find_address(struct alias_book *book, uint64_t hash, const struct ip_address *address)
{
    struct book_entry *found;
    walk_addresses(book, hash, address, &found);
    return found;
}

const struct book_entry *book_find_alias(struct alias_book *book, uint32_t offset)
{
    struct book_entry *found;
    uint32_t link;
    walk_aliases(book, offset, &found, &link);
    return found;
}

/* Puts `fresh` at the end of its path by alias, or finds the entry that has this alias. */
static struct book_entry *claim_alias(struct alias_book *book, const struct ip_address *address, uint32_t offset,
                                      uint32_t *entry_link)
{
    struct book_entry *found;
    _Atomic uint32_t *link = walk_aliases(book, offset, &found, entry_link);
    uint32_t number;
    if (found != NULL || !take_entry(book, &number))
        return found;
    struct book_entry *fresh = entry_at(book, number);
    fresh->address = *address;
    fresh->offset = offset;
    for (;;) {
        uint32_t none = 0;
        if (atomic_compare_exchange_strong(link, &none, number + 1)) {
            *entry_link = number + 1;
            return fresh;
        }
        link = walk_aliases(book, offset, &found, entry_link);
        if (found != NULL)
            return found; /* another thread was faster; the fresh entry is lost, 64 bytes */
    }
}

enum book_answer book_add(struct alias_book *book, uint64_t hash, const struct ip_address *address, uint32_t *offset)
{
    uint32_t entry_link;
    const struct book_entry *entry = claim_alias(book, address, *offset, &entry_link);
    if (entry == NULL)
        return BOOK_FULL;
    if (!address_equal(&entry->address, address))
        return BOOK_TAKEN;
    for (;;) {
        struct book_entry *found;
        _Atomic uint32_t *link = walk_addresses(book, hash, address, &found);
        uint32_t none = 0;
        if (found != NULL) {
            *offset = found->offset;
            return BOOK_KNOWN;
        }
        if (atomic_compare_exchange_strong(link, &none, entry_link))
            return BOOK_KNOWN;
    }
}
