/*
 * The older versions of libc's functions, of which older.def is the list. Bound when they are first called,
 * which few programs do: dlvsym() of a symbol that exists allocates nothing, and errno is kept.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_OLDER_H
#define V6SHIM_PRELOAD_SYSTEM_OLDER_H

#include "preload/system/real_types.h"

enum older_symbol {
#define OLDER(type, name, parameters, version, newer) OLDER_##name,
#include "preload/older.def"
#undef OLDER
    OLDER_COUNT
};

/* The next function in the chain of that version; where there is none, of any. Never NULL. */
void *older_bind(enum older_symbol symbol);

/* The types, for REAL_OLDER. */
#define OLDER(type, name, parameters, version, newer) typedef type(*older_##name##_type) parameters;
#include "preload/older.def"
#undef OLDER

/* The real function of an older hook, to be called: REAL_OLDER(posix_spawn)(pid, path, ...). */
#define REAL_OLDER(name) ((older_##name##_type)older_bind(OLDER_##name))

#endif
