/*
 * The next function in the chain for every interposed symbol: libc's, or that of a preload after us.
 *
 * REQUIRED symbols are bound once by real_bind_all(), at start, by one walk over the loader's list of objects: the
 * first object after this library that defines the name, as dlsym(RTLD_NEXT) would find it, at a sixth of the cost.
 * Before that, and for OPTIONAL symbols, REAL() binds the one symbol on its first use; dlsym() of a symbol that
 * exists allocates nothing, so that this is safe even where a malloc replacement calls a hook. Binding twice at once
 * gives the same value twice.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_REAL_H
#define V6SHIM_PRELOAD_SYSTEM_REAL_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "preload/base/hook.h"
#include "preload/system/real_types.h"

/* One pointer a hook, under the hook's own name. */
struct real_functions {
#define HOOK(type, name, parameters, need) type(*name) parameters;
#include "preload/hooks.def"
#undef HOOK
};

enum real_symbol {
#define HOOK(type, name, parameters, need) REAL_##name,
#include "preload/hooks.def"
#undef HOOK
    REAL_COUNT
};

extern struct real_functions real_functions NEARBY;

/* Binds every REQUIRED symbol; one that is missing gives a log line, and its hook then answers ENOSYS. */
void real_bind_all(void);

/* Binds one symbol and returns it as a generic pointer: never NULL. Allocates only where the symbol does not exist.
 */
void *real_bind(enum real_symbol symbol);

/* The same once the shim is ready (is_ready), for a REQUIRED symbol: it is bound. */
#define REAL_BOUND(name) __atomic_load_n(&real_functions.name, __ATOMIC_RELAXED)

/* The real function of a hook, to be called: REAL(connect)(fd, address, length). */
#define REAL(name)                                                                        \
    (__builtin_expect(__atomic_load_n(&real_functions.name, __ATOMIC_RELAXED) != NULL, 1) \
         ? __atomic_load_n(&real_functions.name, __ATOMIC_RELAXED)                        \
         : (__typeof__(real_functions.name))real_bind(REAL_##name))

#endif
