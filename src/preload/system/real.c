/* Binds the next function in the chain behind each hook; called at the start, and by REAL() for optional ones. */
#include "preload/system/real.h"

#include <dlfcn.h>
#include <errno.h>

#include "core/linker/start.h"
#include "preload/libc/libc_object.h"
#include "preload/libc/object_symbols.h"
#include "preload/log/log.h"

struct real_functions real_functions START_DATA;

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

/* Their names, one behind the other: pointers to them would be set right by the loader, at each start. */
static const struct names {
#define HOOK(type, name, parameters, need) char name[sizeof #name];
#include "preload/hooks.def"
#undef HOOK
} names = {
#define HOOK(type, name, parameters, need) #name,
#include "preload/hooks.def"
#undef HOOK
};

static const struct {
    unsigned short name;     /* in `names` */
    unsigned short function; /* in struct real_functions */
    unsigned char need;      /* an enum need */
} symbols[REAL_COUNT] = {
#define HOOK(type, name, parameters, need) \
    [REAL_##name] = {offsetof(struct names, name), offsetof(struct real_functions, name), need},
#include "preload/hooks.def"
#undef HOOK
};

static const char *name_of(enum real_symbol symbol)
{
    return (const char *)&names + symbols[symbol].name;
}

static void **slot_of(enum real_symbol symbol)
{
    return (void **)((char *)&real_functions + symbols[symbol].function);
}

/* Stands in for a function that this libc lacks. All its callers take -1, or an address that is all ones, for
   failure; those that want a pointer are all REQUIRED, and in every libc. */
static long missing_function(void)
{
    errno = ENOSYS;
    return -1;
}

void *real_bind(enum real_symbol symbol)
{
    void **slot = slot_of(symbol);
    void *function = dlsym(RTLD_NEXT, name_of(symbol));
    if (function == NULL) {
        log_error(LOG_LEVEL_ERROR, "no real function behind the hook: this libc lacks", name_of(symbol), 0);
        function = (void *)missing_function;
    }
    __atomic_store_n(slot, function, __ATOMIC_RELAXED);
    return function;
}

/* What the object defines of that which nothing before it did. dlsym() says where we can't. */
static START_CODE void bind_from(const struct object_symbols *object)
{
    for (enum real_symbol symbol = 0; symbol < REAL_COUNT; symbol++) {
        void **slot = slot_of(symbol);
        void *function = NULL;
        if (symbols[symbol].need != REQUIRED || *slot != NULL)
            continue;
        enum object_answer answer = object_symbols_find(object, name_of(symbol), &function);
        if (answer == OBJECT_DEFINES)
            __atomic_store_n(slot, function, __ATOMIC_RELAXED);
        else if (answer == OBJECT_UNCLEAR)
            real_bind(symbol);
    }
}

/* The list is in the order in which the loader asks its objects; libc is the last one that we want to see: what comes
   behind it may be visible to others alone (dlopen()). It is empty, and all is left to dlsym(), where we are not in
   it: in a namespace of dlmopen(). _DYNAMIC is this library's own. */
START_CODE void real_bind_all(void)
{
    int saved = errno;
    const struct link_map *object = libc_object_first();
    while (object != NULL && object->l_ld != _DYNAMIC)
        object = object->l_next;
    for (bool last = object == NULL; !last && (object = object->l_next) != NULL;) {
        struct object_symbols found;
        object_symbols_read(object, &found);
        bind_from(&found);
        last = libc_object_is_libc(object);
    }
    for (enum real_symbol symbol = 0; symbol < REAL_COUNT; symbol++)
        if (symbols[symbol].need == REQUIRED && *slot_of(symbol) == NULL)
            real_bind(symbol);
    errno = saved;
}
