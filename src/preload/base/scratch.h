/*
 * Room for what is too large for the stack of a small thread: name lookups and the like may not need 4 KiB more than
 * libc's own. From malloc(), so never on an async-signal-safe path; a siglongjmp out of the block loses it. errno
 * kept.
 */
#ifndef V6SHIM_PRELOAD_BASE_SCRATCH_H
#define V6SHIM_PRELOAD_BASE_SCRATCH_H

#include <errno.h>
#include <stdlib.h>

/* Zeroes, or NULL. */
static inline void *scratch_take(size_t size)
{
    int saved = errno;
    void *room = calloc(1, size);
    errno = saved;
    return room;
}

/* Of a pointer to such a pointer. */
static inline void scratch_give(void *pointer)
{
    int saved = errno;
    free(*(void **)pointer);
    errno = saved;
}

/* Declares a pointer to one of that type, or NULL, for the rest of the block. */
#define SCRATCH(type, name) type *name __attribute__((cleanup(scratch_give))) = scratch_take(sizeof(type))

#endif
