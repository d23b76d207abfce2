/* Finds libc and its symbols in the loader's list; called by preload/libc/forward.c and network_guard.c. */
#include "preload/libc/libc_object.h"

#include <elf.h>

#include "core/linker/start.h"
#include "preload/libc/object_symbols.h"

/* What glibc is made of: one object since 2.34, as musl always is. In this order they are searched, and loaded where
   a function that is wanted was in none of those before. */
static const char parts[][sizeof "libpthread.so.0"] = {"libc.so.6", "libdl.so.2", "libpthread.so.0",
                                                       "libresolv.so.2"};
#define PARTS (sizeof parts / sizeof parts[0])

/* Their tables, once they were found: they are asked for many names. */
enum { EMPTY, BEING_WRITTEN, KEPT };
static struct {
    int state; /* EMPTY at first */
    struct object_symbols symbols;
} kept[PARTS] START_DATA;

START_CODE void *libc_object_defines(const struct link_map *object, const char *name)
{
    struct object_symbols symbols;
    void *address = NULL;
    object_symbols_read(object, &symbols);
    return object_symbols_find(&symbols, name, &address) == OBJECT_DEFINES ? address : NULL;
}

static START_CODE bool is_named(const struct link_map *object, const char *soname)
{
    struct object_symbols symbols;
    object_symbols_read(object, &symbols);
    return object_symbols_are_of(&symbols, soname);
}

/* Each in one of the two libcs only; the loader leaves the address of the other one NULL. */
extern struct r_debug _r_debug __attribute__((weak));        /* glibc's loader */
extern struct r_debug *_dl_debug_addr __attribute__((weak)); /* musl */

START_CODE const struct link_map *libc_object_first(void)
{
    return &_r_debug != NULL ? _r_debug.r_map : &_dl_debug_addr != NULL ? _dl_debug_addr->r_map : NULL;
}

/* musl's libc is its loader: it has the name by which the program was started, and mostly no other. */
static START_CODE bool is_musl(const struct link_map *object)
{
    return &_r_debug == NULL && libc_object_defines(object, "__libc_start_main") != NULL;
}

START_CODE bool libc_object_is_libc(const struct link_map *object)
{
    return is_named(object, parts[0]) || is_musl(object);
}

static START_CODE const struct link_map *find_part(size_t number)
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

/* Loaded, where it has to be. */
static START_CODE const struct link_map *part(size_t number)
{
    static enum { NOT_YET, LOADING, DONE } looked[PARTS] START_DATA;
    if (__atomic_load_n(&looked[number], __ATOMIC_RELAXED) == DONE)
        return NULL;
    const struct link_map *object = find_part(number);
    /* A hook that is called meanwhile, by the allocator of the program, finds nothing yet. */
    if (object == NULL && __atomic_exchange_n(&looked[number], LOADING, __ATOMIC_RELAXED) == NOT_YET) {
        load_part(number);
        object = find_part(number);
        __atomic_store_n(&looked[number], object == NULL ? DONE : NOT_YET, __ATOMIC_RELAXED);
    }
    return object;
}

/* The tables of a part, in `room` if they are not kept yet; NULL where the process doesn't have it. Of two threads
   that look at once, or a signal handler that comes between, each finds the same for itself, and one of them keeps
   it. */
static START_CODE const struct object_symbols *symbols_of(size_t number, struct object_symbols *room)
{
    if (__atomic_load_n(&kept[number].state, __ATOMIC_ACQUIRE) == KEPT)
        return &kept[number].symbols;
    const struct link_map *object = part(number);
    if (object == NULL)
        return NULL;
    object_symbols_read(object, room);
    int empty = EMPTY;
    if (__atomic_compare_exchange_n(&kept[number].state, &empty, BEING_WRITTEN, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        kept[number].symbols = *room;
        __atomic_store_n(&kept[number].state, KEPT, __ATOMIC_RELEASE);
    }
    return room;
}

START_CODE bool libc_object_is_expected(void)
{
    struct object_symbols room;
    const struct object_symbols *symbols = symbols_of(0, &room);
    const struct link_map *libc = symbols == NULL ? NULL : symbols->object;
#ifdef __GLIBC__
    return libc != NULL && !is_musl(libc);
#else
    return libc != NULL && is_musl(libc);
#endif
}

START_CODE void *libc_object_function(const char *name)
{
    for (size_t number = 0; number < PARTS; number++) {
        struct object_symbols room;
        const struct object_symbols *symbols = symbols_of(number, &room);
        void *function = NULL;
        if (symbols != NULL && object_symbols_find(symbols, name, &function) == OBJECT_DEFINES)
            return function;
    }
    return NULL;
}

START_CODE void *libc_object_variable(const char *name)
{
    struct object_symbols room;
    const struct object_symbols *symbols = symbols_of(0, &room);
    void *variable = NULL;
    return symbols != NULL && object_symbols_find_variable(symbols, name, &variable) == OBJECT_DEFINES ? variable
                                                                                                       : NULL;
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
        struct object_symbols room;
        const struct object_symbols *libc = symbols_of(0, &room);
        void *function = NULL;
        if (libc != NULL && object_symbols_find(libc, "_dl_find_object", &function) != OBJECT_DEFINES)
            function = NULL;
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
        struct object_symbols room;
        const struct object_symbols *symbols = symbols_of(number, &room);
        if (symbols != NULL && contains(symbols->object, (uintptr_t)address))
            return true;
    }
    return false;
}
