/* Finds the loaded object of an address; called by the observer where it reports who called. */
#include "check/observer/objects.h"

#include <link.h>
#include <stddef.h>
#include <string.h>

#include "preload/libc/libc_object.h"

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
    const void *start;
    const struct link_map *object = libc_object_of(code, &start);
    if (object == NULL)
        return place;
    place.path = object->l_name;
    place.offset = (uintptr_t)code - 1 - object->l_addr;
    place.is_system = is_system(place.path);
    return place;
}

bool object_holds_constant(const void *address)
{
    const void *start;
    const struct link_map *object = libc_object_of(address, &start);
    if (object == NULL)
        return false;
    const ElfW(Ehdr) *header = start;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)((const char *)header + header->e_phoff);
    uintptr_t wanted = (uintptr_t)address - object->l_addr;
    for (size_t i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD && wanted >= segments[i].p_vaddr &&
            wanted - segments[i].p_vaddr < segments[i].p_memsz)
            return (segments[i].p_flags & PF_W) == 0;
    return false;
}
