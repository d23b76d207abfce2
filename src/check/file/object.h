/*
 * One ELF object, program or library, and what it asks of others: each import that matters, with the places that call
 * it and what each call shows.
 */
#ifndef V6SHIM_CHECK_FILE_OBJECT_H
#define V6SHIM_CHECK_FILE_OBJECT_H

#include "check/file/calls.h"

/* What an import means to the one who scans. */
struct import_meaning {
    const struct call *call; /* a function of calls.def, else NULL */
    facts_t facts;           /* else what calling it leads to, as far as the caller knows; 0: nothing */
    bool internal;           /* else defined by the object itself: an edge of its call graph */
};

/* A place where an import is called, or the import alone. */
struct object_site {
    const char *symbol; /* lives as long as the image */
    size_t symbol_index;
    const struct call *call;
    facts_t facts;  /* shown by this very call; 0 for an internal one */
    uint64_t value; /* of an internal one: where the symbol is */
    bool internal;
    bool called;       /* false: no call was found; its address is taken, or the machine is not understood */
    uint64_t address;  /* of the call */
    uint64_t function; /* where the calling function starts, 0: unknown */
};

/* Says what an imported (or own) symbol means. */
typedef struct import_meaning object_resolve(const struct elf_symbol *symbol, void *context);
typedef void object_visit(const struct object_site *site, void *context);

/* Visits every call of every import that means something. Returns 0 or -ENOMEM. */
int object_scan(const struct elf_image *image, const struct elf_functions *functions, object_resolve *resolve,
                object_visit *visit, void *context);

#endif
