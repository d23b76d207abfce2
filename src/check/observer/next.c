/* Binds the functions that the observer passes calls on to; called by all files of the observer. */
#include "check/observer/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

struct next_functions next_functions;

static const struct {
    const char *name;
    size_t offset; /* in struct next_functions */
} symbols[NEXT_COUNT] = {
#define OBSERVED(type, name, parameters) [NEXT_##name] = {#name, offsetof(struct next_functions, name)},
#include "check/observed.def"
#undef OBSERVED
};

/* Stands in for a function that this libc lacks. All its callers take -1 for failure: what returns a pointer is in
   every glibc. */
static long missing_function(void)
{
    errno = ENOSYS;
    return -1;
}

void *next_bind(enum next_symbol symbol)
{
    void *function = dlsym(RTLD_NEXT, symbols[symbol].name);
    if (function == NULL)
        function = (void *)missing_function;
    __atomic_store_n((void **)((char *)&next_functions + symbols[symbol].offset), function, __ATOMIC_RELAXED);
    return function;
}

void next_bind_all(void)
{
    int saved = errno;
    for (enum next_symbol symbol = 0; symbol < NEXT_COUNT; symbol++)
        next_bind(symbol);
    errno = saved;
}
