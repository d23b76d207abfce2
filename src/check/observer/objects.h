/*
 * Which loaded object an address belongs to. Async-signal-safe, no lock: by _dl_find_object (glibc 2.35); before
 * that, nothing is known.
 */
#ifndef V6SHIM_CHECK_OBSERVER_OBJECTS_H
#define V6SHIM_CHECK_OBSERVER_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

struct object_place {
    const char *path; /* "": the program's own; NULL: not known */
    uint64_t offset;  /* as the object's symbols count, of the byte before the return address */
    bool is_system;   /* libc, a module of its resolver, or ours: what it calls is not the program's doing */
};

/* Where a call was made that returns to `code`. */
struct object_place object_of_code(const void *code);

/* Whether the address is of read-only data or code of an object: a constant that somebody has written there. */
bool object_holds_constant(const void *address);

#endif
