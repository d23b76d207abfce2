/* Looks for another preload that guards the network; called at the start (preload/init.c). */
#include "preload/system/network_guard.h"

#include <string.h>

#include "core/linker/start.h"
#include "preload/libc/libc_object.h"
#include "preload/libc/object_symbols.h"

/* Arrays, not pointers, which the loader would set right at each start. */
static const char guarded[][16] = {"connect", "getaddrinfo", "gethostbyname", "gethostbyname_r", "res_nquery"};

static START_CODE bool is_friend(const struct link_map *object)
{
    static const char starts[][20] = {"libasan.",   "libtsan.",     "liblsan.",          "libubsan.",
                                      "libhwasan.", "libclang_rt.", "libv6shim-observe."};
    const char *slash = strrchr(object->l_name, '/'), *name = slash != NULL ? slash + 1 : object->l_name;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static START_CODE bool guards(const struct link_map *object)
{
    struct object_symbols symbols;
    object_symbols_read(object, &symbols);
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        void *function;
        if (object_symbols_find(&symbols, guarded[i], &function) == OBJECT_DEFINES &&
            !libc_object_contains(function)) /* old glibcs have some of them in libpthread */
            return true;
    }
    return false;
}

/* The list begins with the program; behind libc nobody is asked. _DYNAMIC is this library's own. */
START_CODE const char *network_guard_find(void)
{
    const struct link_map *object = libc_object_first();
    if (object == NULL)
        return NULL;
    for (object = object->l_next; object != NULL && !libc_object_is_libc(object); object = object->l_next)
        if (object->l_ld != _DYNAMIC && !is_friend(object) && guards(object))
            return object->l_name;
    return NULL;
}
