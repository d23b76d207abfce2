/* Binds the next function in the chain behind each hook; called at the start, and by REAL() for optional ones. */
#include "preload/system/real.h"

#include <dlfcn.h>
#include <errno.h>

#include "preload/log/log.h"

struct real_functions real_functions;

enum need {
    OPTIONAL,
    REQUIRED,
#ifdef __GLIBC__
    GLIBC = REQUIRED,
#else
    GLIBC = OPTIONAL,
#endif
    GLIBC_OPTIONAL = OPTIONAL
};

static const struct {
    const char *name;
    size_t offset; /* in struct real_functions */
    enum need need;
} symbols[REAL_COUNT] = {
#define HOOK(type, name, parameters, need) [REAL_##name] = {#name, offsetof(struct real_functions, name), need},
#include "preload/hooks.def"
#undef HOOK
};

/* Stands in for a function that this libc lacks. All its callers take -1, or an address that is all ones, for
   failure; those that want a pointer are all REQUIRED, and in every libc. */
static long missing_function(void)
{
    errno = ENOSYS;
    return -1;
}

void *real_bind(enum real_symbol symbol)
{
    void **slot = (void **)((char *)&real_functions + symbols[symbol].offset);
    void *function = dlsym(RTLD_NEXT, symbols[symbol].name);
    if (function == NULL) {
        log_error(LOG_LEVEL_ERROR, "no real function behind the hook: this libc lacks", symbols[symbol].name, 0);
        function = (void *)missing_function;
    }
    __atomic_store_n(slot, function, __ATOMIC_RELAXED);
    return function;
}

void real_bind_all(void)
{
    int saved = errno;
    for (enum real_symbol symbol = 0; symbol < REAL_COUNT; symbol++)
        if (symbols[symbol].need == REQUIRED)
            real_bind(symbol);
    errno = saved;
}
