/* Finds a symbol in one loaded object; called by preload/libc/libc_object.c and by what binds the hooks' real
   functions (preload/system/real.c). */
#include "preload/libc/object_symbols.h"

#include <elf.h>
#include <stddef.h>

#include "core/linker/start.h"

#define VERSION_HIDDEN 0x8000u /* in DT_VERSYM: not the default version of its name */

/* Our own: this is used before anything is bound, and strcmp() would be somebody's. */
static START_CODE bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* glibc adds the load address to the pointers of most objects when it loads them; not on all machines, and not to
   those of the vDSO. */
static START_CODE const void *at(const struct link_map *object, ElfW(Addr) address)
{
    return (const void *)(address < object->l_addr ? address + object->l_addr : address);
}

START_CODE void object_symbols_read(const struct link_map *object, struct object_symbols *symbols)
{
    ElfW(Xword) soname = 0;
    *symbols = (struct object_symbols){.object = object};
    for (const ElfW(Dyn) *entry = object->l_ld; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_STRTAB)
            symbols->strings = at(object, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_SYMTAB)
            symbols->symbols = at(object, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_VERSYM)
            symbols->versions = at(object, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_GNU_HASH)
            symbols->hash = at(object, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_SONAME)
            soname = entry->d_un.d_val;
    }
    if (soname != 0 && symbols->strings != NULL)
        symbols->soname = symbols->strings + soname;
}

static START_CODE uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (const unsigned char *byte = (const unsigned char *)name; *byte != '\0'; byte++)
        hash = hash * 33 + *byte;
    return hash;
}

/* What is looked for: a name, and its kind (STT_FUNC or STT_OBJECT). */
struct wanted {
    const char *name;
    unsigned kind;
};

static START_CODE enum object_answer judge(const struct object_symbols *symbols, uint32_t index,
                                           const struct wanted *wanted)
{
    const ElfW(Sym) *symbol = &symbols->symbols[index];
    if (!same(symbols->strings + symbol->st_name, wanted->name))
        return OBJECT_LACKS;
    bool hidden = symbols->versions != NULL && (symbols->versions[index] & VERSION_HIDDEN) != 0;
    bool plain = symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == wanted->kind;
    return plain && !hidden ? OBJECT_DEFINES : OBJECT_UNCLEAR;
}

/* The table: number of buckets, first symbol in it, words of the bloom filter (a power of two) and its shift; the
   filter; the buckets; a hash for each symbol, whose lowest bit ends a chain. */
static START_CODE enum object_answer search(const struct object_symbols *symbols, const struct wanted *wanted,
                                            uint32_t *found)
{
    uint32_t buckets = symbols->hash[0], first = symbols->hash[1], words = symbols->hash[2], shift = symbols->hash[3];
    const ElfW(Addr) *bloom = (const ElfW(Addr) *)(const void *)&symbols->hash[4];
    const uint32_t *bucket = (const uint32_t *)(const void *)&bloom[words], *chain = bucket + buckets;
    uint32_t hash = hash_of(wanted->name), bits = 8 * sizeof *bloom;
    enum object_answer answer = OBJECT_LACKS;
    if (buckets == 0 || words == 0)
        return OBJECT_LACKS;
    ElfW(Addr) word = bloom[hash / bits & (words - 1)];
    if ((word >> (hash % bits) & word >> ((hash >> shift) % bits) & 1) == 0)
        return OBJECT_LACKS;
    uint32_t index = bucket[hash % buckets];
    if (index < first)
        return OBJECT_LACKS;
    for (;; index++) {
        uint32_t other = chain[index - first];
        enum object_answer here = (other | 1) == (hash | 1) ? judge(symbols, index, wanted) : OBJECT_LACKS;
        *found = index;
        if (here == OBJECT_DEFINES)
            return here;
        if (here == OBJECT_UNCLEAR)
            answer = here;
        if ((other & 1) != 0)
            return answer;
    }
}

static START_CODE enum object_answer find(const struct object_symbols *symbols, const struct wanted *wanted,
                                          void **address)
{
    uint32_t found = 0;
    if (symbols->hash == NULL || symbols->symbols == NULL || symbols->strings == NULL)
        return OBJECT_UNCLEAR;
    enum object_answer answer = search(symbols, wanted, &found);
    if (answer == OBJECT_DEFINES)
        *address = (void *)(symbols->object->l_addr + symbols->symbols[found].st_value);
    return answer;
}

START_CODE enum object_answer object_symbols_find(const struct object_symbols *symbols, const char *name,
                                                  void **address)
{
    const struct wanted wanted = {name, STT_FUNC};
    return find(symbols, &wanted, address);
}

START_CODE enum object_answer object_symbols_find_variable(const struct object_symbols *symbols, const char *name,
                                                           void **address)
{
    const struct wanted wanted = {name, STT_OBJECT};
    return find(symbols, &wanted, address);
}

START_CODE bool object_symbols_are_of(const struct object_symbols *symbols, const char *soname)
{
    return symbols->soname != NULL && same(symbols->soname, soname);
}
