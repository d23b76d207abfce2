/*
 * The next function in the chain for the names of time64.def, bound when it is first called, as OPTIONAL ones of
 * hooks.def are. Async-signal-safe: dlsym() of a symbol that exists allocates nothing, and a program only calls what
 * exists.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_TIME64_H
#define V6SHIM_PRELOAD_SYSTEM_TIME64_H

#include "preload/base/hook.h"
#include "preload/base/time64.h"
#include "preload/system/real_types.h"

#if TIME64_NAMES
struct time64_functions {
#define TIME64(type, name, parameters, twin) type(*name) parameters;
#include "preload/time64.def"
#undef TIME64
};

enum time64_symbol {
#define TIME64(type, name, parameters, twin) TIME64_##name,
#include "preload/time64.def"
#undef TIME64
    TIME64_COUNT
};

extern struct time64_functions time64_functions NEARBY;

/* Binds one of them, and returns it as a generic pointer: never NULL. errno is kept. */
void *time64_bind(enum time64_symbol symbol);

/* To be called: REAL_TIME64(__select64)(count, ...). */
#define REAL_TIME64(name)                                                                   \
    (__builtin_expect(__atomic_load_n(&time64_functions.name, __ATOMIC_RELAXED) != NULL, 1) \
         ? __atomic_load_n(&time64_functions.name, __ATOMIC_RELAXED)                        \
         : (__typeof__(time64_functions.name))time64_bind(TIME64_##name))

/* Behind a hook: the same once more, under the other name. */
#if __has_attribute(copy) /* what libc's headers say of the one would be missed in the other */
#define TIME64_ALSO(name, hook) EXPORT extern __typeof__(hook) name __attribute__((alias(#hook), copy(hook)));
#else
#define TIME64_ALSO(name, hook) EXPORT extern __typeof__(hook) name __attribute__((alias(#hook)));
#endif
#else
#define TIME64_ALSO(name, hook)
#endif

#endif
