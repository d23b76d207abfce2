/*
 * The symbols that one loaded object defines, read from its own tables: what the loader itself reads, without the
 * loader's lock and scopes, and without a call of a function that a program could have defined in its place.
 *
 * Async-signal-safe: no lock, no allocation, no system call; errno kept. The object must stay loaded meanwhile.
 *
 * Sources: System V ABI, chapter 5 (dynamic section); the GNU hash table as GNU ld writes it (bloom filter, buckets,
 * chains) and the symbol versions of the Linux Standard Base.
 */
#ifndef V6SHIM_PRELOAD_LIBC_OBJECT_SYMBOLS_H
#define V6SHIM_PRELOAD_LIBC_OBJECT_SYMBOLS_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* Of one object: what a search in it needs. */
struct object_symbols {
    const struct link_map *object;
    const char *strings;
    const ElfW(Sym) * symbols;
    const ElfW(Half) * versions; /* or NULL */
    const uint32_t *hash;        /* DT_GNU_HASH, or NULL */
    const char *soname;          /* or NULL */
};

enum object_answer {
    OBJECT_LACKS,   /* it does not define the name */
    OBJECT_DEFINES, /* a function, as the default version of its name */
    OBJECT_UNCLEAR, /* only the loader can tell: no GNU hash table, a function that is chosen when it is bound
                       (STT_GNU_IFUNC), no function, an older version alone */
};

/* Reads where the tables are. */
void object_symbols_read(const struct link_map *object, struct object_symbols *symbols);

/* Looks a name up. `address` is set with OBJECT_DEFINES alone. */
enum object_answer object_symbols_find(const struct object_symbols *symbols, const char *name, void **address);

/* The same for a variable: where it is OBJECT_DEFINES, and a function OBJECT_UNCLEAR. */
enum object_answer object_symbols_find_variable(const struct object_symbols *symbols, const char *name,
                                                void **address);

/* Whether the object has that name (DT_SONAME); false for one that has none. */
bool object_symbols_are_of(const struct object_symbols *symbols, const char *soname);

#endif
