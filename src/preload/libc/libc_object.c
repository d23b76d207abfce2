/* Finds libc and its symbols in the loader's list; called by preload/libc/forward.c and network_guard.c. */
#include "preload/libc/libc_object.h"

#include <elf.h>

#include "preload/libc/object_symbols.h"

/* What glibc is made of: one object since 2.34, as musl always is. In this order they are searched, and loaded where
   a function that is wanted was in none of those before. */
static const char *const parts[] = {"libc.so.6", "libdl.so.2", "libpthread.so.0", "libresolv.so.2"};
#define PARTS (sizeof parts / sizeof parts[0])

void *libc_object_defines(const struct link_map *object, const char *name)
{
    struct object_symbols symbols;
    void *address = NULL;
    object_symbols_read(object, &symbols);
    return object_symbols_find(&symbols, name, &address) == OBJECT_DEFINES ? address : NULL;
}

static bool is_named(const struct link_map *object, const char *soname)
{
    struct object_symbols symbols;
    object_symbols_read(object, &symbols);
    return object_symbols_are_of(&symbols, soname);
}

/* Each in one of the two libcs only; the loader leaves the address of the other one NULL. */
extern struct r_debug _r_debug __attribute__((weak));        /* glibc's loader */
extern struct r_debug *_dl_debug_addr __attribute__((weak)); /* musl */

const struct link_map *libc_object_first(void)
{
    return &_r_debug != NULL ? _r_debug.r_map : &_dl_debug_addr != NULL ? _dl_debug_addr->r_map : NULL;
}

/* musl's libc is its loader: it has the name by which the program was started, and mostly no other. */
static bool is_musl(const struct link_map *object)
{
    return &_r_debug == NULL && libc_object_defines(object, "__libc_start_main") != NULL;
}

bool libc_object_is_libc(const struct link_map *object)
{
    return is_named(object, parts[0]) || is_musl(object);
}

static const struct link_map *find_part(size_t number)
{
    const struct link_map *object = libc_object_first();
    while (object != NULL && (number == 0 ? !libc_object_is_libc(object) : !is_named(object, parts[number])))
        object = object->l_next;
    return object;
}

/* A part that the program does not have: dlopen() itself would be in one. Libc has a function of its own for this, as
   long as it has parts, by which it loads its NSS modules. */
static void load_part(size_t number)
{
    enum { LOAD_NOW = 0x80000002 }; /* RTLD_NOW, and that this is a dlopen(), which libc adds to it */
    const struct link_map *libc = find_part(0);
    void *(*load)(const char *, int) = NULL;
    if (number != 0 && libc != NULL)
        load = (void *(*)(const char *, int))libc_object_defines(libc, "__libc_dlopen_mode");
    if (load != NULL)
        load(parts[number], (int)LOAD_NOW);
}

/* The part, found once. Two threads that look at once find the same. */
static const struct link_map *part(size_t number)
{
    static const struct link_map *found[PARTS];
    static enum { NOT_YET, LOADING, DONE } looked[PARTS];
    const struct link_map *object = __atomic_load_n(&found[number], __ATOMIC_ACQUIRE);
    if (object != NULL || __atomic_load_n(&looked[number], __ATOMIC_RELAXED) == DONE)
        return object;
    object = find_part(number);
    /* A hook that is called meanwhile, by the allocator of the program, finds nothing yet. */
    if (object == NULL && __atomic_exchange_n(&looked[number], LOADING, __ATOMIC_RELAXED) == NOT_YET) {
        load_part(number);
        object = find_part(number);
        __atomic_store_n(&looked[number], DONE, __ATOMIC_RELAXED);
    }
    if (object != NULL)
        __atomic_store_n(&found[number], object, __ATOMIC_RELEASE);
    return object;
}

bool libc_object_is_expected(void)
{
    const struct link_map *libc = part(0);
#ifdef __GLIBC__
    return libc != NULL && !is_musl(libc);
#else
    return libc != NULL && is_musl(libc);
#endif
}

void *libc_object_function(const char *name)
{
    for (size_t number = 0; number < PARTS; number++) {
        const struct link_map *object = part(number);
        void *function = object == NULL ? NULL : libc_object_defines(object, name);
        if (function != NULL)
            return function;
    }
    return NULL;
}

/* What _dl_find_object() fills in, in the words of <dlfcn.h> of glibc 2.35, which may not be the one we are built
   with: struct dl_find_object begins so on every machine, and what follows has less room than this. */
struct found_object {
    unsigned long long flags;
    const void *map_start, *map_end;
    const struct link_map *object;
    unsigned long long rest[16];
};

const struct link_map *libc_object_of(const void *code, const void **start)
{
    static void *finder;
    static bool looked;
    if (!__atomic_load_n(&looked, __ATOMIC_ACQUIRE)) {
        /* Libc alone is searched: a part of it is never loaded for what it doesn't have either. */
        const struct link_map *libc = part(0);
        void *function = libc == NULL ? NULL : libc_object_defines(libc, "_dl_find_object");
        __atomic_store_n(&finder, function, __ATOMIC_RELAXED);
        __atomic_store_n(&looked, true, __ATOMIC_RELEASE);
    }
    int (*find_object)(const void *, struct found_object *) =
        (int (*)(const void *, struct found_object *))__atomic_load_n(&finder, __ATOMIC_RELAXED);
    struct found_object found;
    if (find_object == NULL || find_object(code, &found) != 0)
        return NULL;
    *start = found.map_start;
    return found.object;
}

/* A shared library begins with its ELF header, and the program headers stand in its first segment. */
static bool contains(const struct link_map *object, uintptr_t address)
{
    const ElfW(Ehdr) *header = (const void *)object->l_addr;
    const ElfW(Phdr) *segment = (const void *)(object->l_addr + header->e_phoff);
    for (unsigned left = header->e_phnum; left > 0; left--, segment++)
        if (segment->p_type == PT_LOAD && address - (object->l_addr + segment->p_vaddr) < segment->p_memsz)
            return true;
    return false;
}

bool libc_object_contains(const void *address)
{
    for (size_t number = 0; number < PARTS; number++) {
        const struct link_map *object = part(number);
        if (object != NULL && contains(object, (uintptr_t)address))
            return true;
    }
    return false;
}
