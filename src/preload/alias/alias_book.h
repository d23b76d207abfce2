/*
 * The aliases that this process knows for as long as it lives: those of names, and private ones (no usable file). Two
 * tries over entries that are never changed or moved, one by address, one by alias: a look-up follows a few links and
 * takes no lock, an addition is one compare-and-swap for each. So all of it works in signal handlers, in a vfork()
 * child, and in a child of fork() whatever other threads of its parent were doing.
 *
 * Entries are mapped in chunks that double in size, the first of one page. errno kept.
 */
#ifndef V6SHIM_PRELOAD_ALIAS_ALIAS_BOOK_H
#define V6SHIM_PRELOAD_ALIAS_ALIAS_BOOK_H

#include <stdatomic.h>

#include "core/address/address.h"

#define BOOK_FIRST_CHUNK 64u /* entries */
#define BOOK_CHUNKS      14u
#define BOOK_ENTRIES     (BOOK_FIRST_CHUNK * ((1u << BOOK_CHUNKS) - 1)) /* a million, 64 MiB */
#define BOOK_ROOTS       256u
#define BOOK_BRANCHES    4u

struct book_entry {
    _Atomic uint32_t by_address[BOOK_BRANCHES]; /* links are 1 + number of an entry; 0 is none */
    _Atomic uint32_t by_alias[BOOK_BRANCHES];
    struct ip_address address;
    uint32_t offset; /* the alias */
    uint32_t unused;
};

/* All zero at first. */
struct alias_book {
    _Atomic uint32_t by_address[BOOK_ROOTS];
    _Atomic uint32_t by_alias[BOOK_ROOTS];
    _Atomic uint32_t count;
    void *_Atomic chunks[BOOK_CHUNKS];
};

/* NULL where it isn't known. `hash` is the address's alias_hash. */
const struct book_entry *book_find_address(struct alias_book *book, uint64_t hash, const struct ip_address *address);
const struct book_entry *book_find_alias(struct alias_book *book, uint32_t offset);

enum book_answer {
    BOOK_KNOWN, /* it is in the book, perhaps under another alias that another thread has just added: see *offset */
    BOOK_TAKEN, /* the alias belongs to another address */
    BOOK_FULL   /* or no memory */
};

enum book_answer book_add(struct alias_book *book, uint64_t hash, const struct ip_address *address, uint32_t *offset);

#endif
