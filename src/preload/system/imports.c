/* Finds out whether the calling object knows addresses of both families; called by preload/upgrade/shape.c. */
#include "preload/system/imports.h"

#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload/libc/libc_object.h"

/* Answers that are kept, by the fingerprint of the object. Others are found anew. */
#define KEPT          64u
#define BOTH_FAMILIES UINT64_C(1) /* the lowest bit of a kept word is the answer */
#define MIX           UINT64_C(0x9e3779b97f4a7c15)

#if UINTPTR_MAX == UINT64_MAX
#define SYMBOL_OF ELF64_R_SYM
#else
#define SYMBOL_OF ELF32_R_SYM
#endif

/* The parts of a dynamic section that tell what is imported. */
struct dynamic {
    uintptr_t base;
    uintptr_t symbols, strings, strings_size;
    uintptr_t plain, plain_size, plain_entry; /* DT_REL or DT_RELA */
    uintptr_t plt, plt_size, plt_entry;
};

/* Most loaders have made these absolute; some leave them as the file has them. */
static uintptr_t absolute(const struct dynamic *dynamic, uintptr_t address)
{
    return address != 0 && address < dynamic->base ? dynamic->base + address : address;
}

static void read_entry(struct dynamic *dynamic, const ElfW(Dyn) * entry)
{
    uintptr_t value = entry->d_un.d_val;
    switch (entry->d_tag) {
    case DT_SYMTAB:
        dynamic->symbols = absolute(dynamic, value);
        break;
    case DT_STRTAB:
        dynamic->strings = absolute(dynamic, value);
        break;
    case DT_STRSZ:
        dynamic->strings_size = value;
        break;
    case DT_REL:
    case DT_RELA:
        dynamic->plain = absolute(dynamic, value);
        dynamic->plain_entry = entry->d_tag == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
        break;
    case DT_RELSZ:
    case DT_RELASZ:
        dynamic->plain_size = value;
        break;
    case DT_JMPREL:
        dynamic->plt = absolute(dynamic, value);
        break;
    case DT_PLTRELSZ:
        dynamic->plt_size = value;
        break;
    case DT_PLTREL:
        dynamic->plt_entry = value == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
        break;
    default:
        break;
    }
}

static struct dynamic read_dynamic(const struct link_map *object)
{
    struct dynamic dynamic = {.base = object->l_addr};
    for (const ElfW(Dyn) *entry = object->l_ld; entry->d_tag != DT_NULL; entry++)
        read_entry(&dynamic, entry);
    return dynamic;
}

/* Arrays, not pointers, which the loader would set right at each start. */
#define NAMES     4
#define NAME_SIZE 12
typedef const char name_list[NAMES][NAME_SIZE];
static name_list both_families = {"getaddrinfo", "getnameinfo", "inet_pton", "inet_ntop"};
static name_list serving = {"bind", "listen", "accept", "accept4"};

static bool is_among(name_list names, const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool names_one(const struct dynamic *dynamic, name_list names, uintptr_t table, uintptr_t size,
                      uintptr_t entry_size)
{
    if (table == 0 || entry_size == 0)
        return false;
    for (uintptr_t place = table; place + entry_size <= table + size; place += entry_size) {
        const ElfW(Rel) *relocation = (const ElfW(Rel) *)place; /* r_info stands at the same place in ElfW(Rela) */
        const ElfW(Sym) *symbol = (const ElfW(Sym) *)dynamic->symbols + SYMBOL_OF(relocation->r_info);
        if (SYMBOL_OF(relocation->r_info) != 0 && symbol->st_shndx == SHN_UNDEF &&
            symbol->st_name < dynamic->strings_size &&
            is_among(names, (const char *)dynamic->strings + symbol->st_name))
            return true;
    }
    return false;
}

static bool imports_one(const struct dynamic *dynamic, name_list names)
{
    return names_one(dynamic, names, dynamic->plt, dynamic->plt_size, dynamic->plt_entry) ||
           names_one(dynamic, names, dynamic->plain, dynamic->plain_size, dynamic->plain_entry);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * MIX;
    return hash ^ hash >> 32;
}

/* An object that was unloaded must not be taken for another one at the same address. */
static uint64_t fingerprint(const struct link_map *object, const struct dynamic *dynamic)
{
    const uint64_t parts[] = {(uintptr_t)object, dynamic->base,       dynamic->symbols,
                              dynamic->strings,  dynamic->plain_size, dynamic->plt_size,
                              dynamic->plain,    dynamic->plt,        dynamic->strings_size};
    uint64_t hash = MIX;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash = mix(hash, parts[i]);
    return hash & ~BOTH_FAMILIES;
}

static enum imports_answer imports_of_object(const struct link_map *object)
{
    static _Atomic uint64_t kept[KEPT];
    struct dynamic dynamic = read_dynamic(object);
    if (dynamic.symbols == 0 || dynamic.strings == 0)
        return IMPORTS_UNKNOWN;
    uint64_t hash = fingerprint(object, &dynamic);
    _Atomic uint64_t *place = &kept[(hash >> 1) % KEPT];
    uint64_t word = atomic_load_explicit(place, memory_order_relaxed);
    if ((word & ~BOTH_FAMILIES) != hash) {
        bool both = imports_one(&dynamic, both_families);
        word = hash | (both ? BOTH_FAMILIES : 0);
        atomic_store_explicit(place, word, memory_order_relaxed);
    }
    return (word & BOTH_FAMILIES) != 0 ? IMPORTS_BOTH_FAMILIES : IMPORTS_IPV4_ONLY;
}

enum imports_answer imports_of(const void *code)
{
    const void *start;
    const struct link_map *object = libc_object_of(code, &start);
    return object == NULL ? IMPORTS_UNKNOWN : imports_of_object(object);
}

bool imports_serve(const void *code)
{
    const void *start;
    const struct link_map *object = libc_object_of(code, &start);
    if (object == NULL)
        return false;
    struct dynamic dynamic = read_dynamic(object);
    return dynamic.symbols != 0 && dynamic.strings != 0 && imports_one(&dynamic, serving);
}
