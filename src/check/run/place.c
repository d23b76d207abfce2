/* Names the function and line of a call that was observed; called by check/run/gaps.c. */
#include "check/run/place.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS  256u
#define OBJECTS_MOST 1024u /* whoever writes the lines names the files: of more than this nothing is known */

struct run_object {
    char *path;
    bool readable;
    struct elf_image image;
    struct elf_where *where;
    struct {
        uint64_t offset; /* 0: nothing yet */
        struct elf_place place;
    } cache[CACHE_SLOTS]; /* one place may make a thousand calls */
    struct run_object *next;
};

static struct run_object *object_of(struct run_places *places, const char *path)
{
    struct run_object *object = places->objects;
    if (places->count >= OBJECTS_MOST)
        path = "";
    while (object != NULL && strcmp(object->path, path) != 0)
        object = object->next;
    if (object != NULL)
        return object;
    const char *problem;
    object = calloc(1, sizeof *object);
    if (object == NULL || (object->path = strdup(path)) == NULL)
        abort();
    object->readable = elf_image_open(path, &object->image, &problem) == 0;
    if (object->readable)
        object->where = elf_where_new(&object->image);
    object->next = places->objects;
    places->objects = object;
    places->count++;
    return object;
}

struct elf_place run_place_find(struct run_places *places, const char *object, uint64_t offset)
{
    struct run_object *found = object_of(places, object);
    size_t slot = offset % CACHE_SLOTS;
    if (found->cache[slot].offset != offset) {
        found->cache[slot].place = elf_where_find(found->where, offset);
        found->cache[slot].offset = offset;
    }
    return found->cache[slot].place;
}

const char *run_place_short_text(struct run_places *places, const char *object, uint64_t offset, unsigned size)
{
    return elf_where_short_text(object_of(places, object)->where, offset, size);
}

bool run_place_holds(struct run_places *places, const char *object, const void *bytes, size_t count, size_t *place)
{
    const struct run_object *found = object_of(places, object);
    const uint8_t *at = found->readable ? memmem(found->image.data, found->image.size, bytes, count) : NULL;
    if (at != NULL)
        *place = (size_t)(at - found->image.data);
    return at != NULL;
}

void run_places_free(struct run_places *places)
{
    while (places->objects != NULL) {
        struct run_object *object = places->objects;
        places->objects = object->next;
        elf_where_free(object->where);
        if (object->readable)
            elf_image_close(&object->image);
        free(object->path);
        free(object);
    }
}
