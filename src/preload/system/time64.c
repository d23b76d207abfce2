/* Binds the functions for times of 64 bits; called by preload/hooks/time64.c. */
#include "preload/system/time64.h"

#include <dlfcn.h>
#include <errno.h>

#if TIME64_NAMES
struct time64_functions time64_functions;

static const struct {
    const char *name;
    size_t offset; /* in struct time64_functions */
} symbols[TIME64_COUNT] = {
#define TIME64(type, name, parameters, twin) [TIME64_##name] = {#name, offsetof(struct time64_functions, name)},
#include "preload/time64.def"
#undef TIME64
};

/* Who asks for the name by dlsym() finds ours, whatever this libc has. */
static int missing_function(void)
{
    errno = ENOSYS;
    return -1;
}

void *time64_bind(enum time64_symbol symbol)
{
    int saved = errno;
    void *function = dlsym(RTLD_NEXT, symbols[symbol].name);
    if (function == NULL)
        function = (void *)missing_function;
    __atomic_store_n((void **)((char *)&time64_functions + symbols[symbol].offset), function, __ATOMIC_RELAXED);
    errno = saved;
    return function;
}
#endif
