/*
 * The places of calls, by object and offset, as people read them.
 */
#ifndef V6SHIM_CHECK_RUN_PLACE_H
#define V6SHIM_CHECK_RUN_PLACE_H

#include "check/elf/image.h"
#include "check/elf/where.h"

struct run_object;

/* Objects that have been opened; empty to begin with. */
struct run_places {
    struct run_object *objects;
    size_t count;
};

/* Function, file and line; all unknown where the object can't be read. The texts live as long as the places. */
struct elf_place run_place_find(struct run_places *places, const char *object, uint64_t offset);

/* The name of a char[`size`] variable that the code there can see, or NULL. */
const char *run_place_short_text(struct run_places *places, const char *object, uint64_t offset, unsigned size);

/* Whether these bytes stand anywhere in the object's file; `place` is then where. */
bool run_place_holds(struct run_places *places, const char *object, const void *bytes, size_t count, size_t *place);

void run_places_free(struct run_places *places);

#endif
