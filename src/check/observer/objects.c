#include "check/observer/objects.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#ifdef DLFO_STRUCT_HAS_EH_DBASE
extern int _dl_find_object(void *address, struct dl_find_object *result) __attribute__((weak));

static bool find(const void *address, struct dl_find_object *found)
{
    return _dl_find_object != NULL && _dl_find_object((void *)(uintptr_t)address, found) == 0;
}
#endif

static bool is_system(const char *path)
{
    static const char *const starts[] = {"libc.so.", "libc-2", "libnss_", "libresolv", "ld-linux", "libv6shim"};
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

struct object_place object_of_code(const void *code)
{
    struct object_place place = {0};
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    struct dl_find_object found;
    if (!find(code, &found))
        return place;
    place.path = found.dlfo_link_map->l_name;
    place.offset = (uintptr_t)code - 1 - found.dlfo_link_map->l_addr;
    place.is_system = is_system(place.path);
#else
    (void)code;
    (void)is_system;
#endif
    return place;
}

bool object_holds_constant(const void *address)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    struct dl_find_object found;
    if (!find(address, &found))
        return false;
    const ElfW(Ehdr) *header = found.dlfo_map_start;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)((const char *)header + header->e_phoff);
    uintptr_t wanted = (uintptr_t)address - found.dlfo_link_map->l_addr;
    for (size_t i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD && wanted >= segments[i].p_vaddr &&
            wanted - segments[i].p_vaddr < segments[i].p_memsz)
            return (segments[i].p_flags & PF_W) == 0;
#else
    (void)address;
#endif
    return false;
}
