/*
 * The next function in the chain for every observed symbol: the shim's, another preload's or libc's. Bound on first
 * use; dlsym() of a symbol that exists allocates nothing, and a program only calls what exists.
 */
#ifndef V6SHIM_CHECK_OBSERVER_NEXT_H
#define V6SHIM_CHECK_OBSERVER_NEXT_H

#include "check/observer/observed_types.h"

struct next_functions {
#define OBSERVED(type, name, parameters) type(*name) parameters;
#include "check/observed.def"
#undef OBSERVED
};

enum next_symbol {
#define OBSERVED(type, name, parameters) NEXT_##name,
#include "check/observed.def"
#undef OBSERVED
    NEXT_COUNT
};

extern struct next_functions next_functions;

/* Binds all that this libc has. */
void next_bind_all(void);

void *next_bind(enum next_symbol symbol);

/* To be called: NEXT(connect)(fd, address, length). */
#define NEXT(name)                                                                        \
    (__builtin_expect(__atomic_load_n(&next_functions.name, __ATOMIC_RELAXED) != NULL, 1) \
         ? __atomic_load_n(&next_functions.name, __ATOMIC_RELAXED)                        \
         : (__typeof__(next_functions.name))next_bind(NEXT_##name))

#endif
