/* Binds the older versions of libc's functions; called by preload/hooks/older.c and descriptors.c. */
#include "preload/system/older.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>

#include "preload/system/real.h"

static const struct {
    enum real_symbol newer;
    const char *name, *version;
} symbols[OLDER_COUNT + 1] = {
#define OLDER(type, name, parameters, version, newer) [OLDER_##name] = {REAL_##name, #name, version},
#include "preload/older.def"
#undef OLDER
};

void *older_bind(enum older_symbol symbol)
{
    static void *_Atomic bound[OLDER_COUNT + 1];
    void *function = atomic_load_explicit(&bound[symbol], memory_order_relaxed);
    if (function != NULL)
        return function;
    int saved = errno;
#ifdef __GLIBC__                         /* no other libc has versions */
    if (symbols[symbol].version != NULL) /* where the list is empty */
        function = dlvsym(RTLD_NEXT, symbols[symbol].name, symbols[symbol].version);
#endif
    if (function == NULL)
        function = real_bind(symbols[symbol].newer);
    atomic_store_explicit(&bound[symbol], function, memory_order_relaxed);
    errno = saved;
    return function;
}
