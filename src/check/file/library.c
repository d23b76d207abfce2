/* Reads each library once and follows what a program reaches in it; called by the static check of ELF files. */
#include "check/file/library.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum role { COUNTS, CLIB, PLUMBING, TOOLBOX, GATE };

static const struct {
    const char *prefix;
    enum role role;
    const char *symbols;
} roles[] = {
#define LIBRARY(prefix, role, symbols) {prefix, role, symbols},
#define ABSENT(prefix, stance)
#include "check/file/libraries.def"
#undef LIBRARY
#undef ABSENT
};

#define BIT(name) FACT_BIT(FACT_##name)
#define DUAL      (BIT(NAME_NEW) | BIT(SOCKET_ANY) | BIT(CONNECT))
#define IPV4      (BIT(NAME_OLD) | BIT(SOCKET_INET) | BIT(CONNECT))

static const struct {
    const char *prefix;
    facts_t facts;
} absent[] = {
#define LIBRARY(prefix, role, symbols)
#define ABSENT(prefix, facts) {prefix, facts},
#include "check/file/libraries.def"
#undef LIBRARY
#undef ABSENT
};

struct export
{
    char *name;
    facts_t facts;
};

/* The public part comes first: a struct library pointer is one to this. */
struct library_entry {
    struct library public;
    struct library_entry *next; /* in the cache */
    enum role role;
    const char *role_symbols;
    bool unreadable;
    struct export *exports; /* a hash table, size a power of two; empty where name is NULL */
    size_t export_count, export_size;
    const char *examples[FACT_COUNT]; /* of calls.def */
};

#define CACHE_BUCKETS 1024

struct libraries {
    struct elf_search *search;
    struct library_entry *buckets[CACHE_BUCKETS];
};

static uint32_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

/* --- exports --- */

static struct export *export_slot(struct export *exports, size_t size, const char *name)
{
    size_t index = hash_text(name) & (size - 1);
    while (exports[index].name != NULL && strcmp(exports[index].name, name) != 0)
        index = (index + 1) & (size - 1);
    return &exports[index];
}

static bool exports_grow(struct library_entry *entry)
{
    size_t size = entry->export_size == 0 ? 64 : entry->export_size * 2;
    struct export *larger = calloc(size, sizeof *larger);
    if (larger == NULL)
        return false;
    for (size_t index = 0; index < entry->export_size; index++)
        if (entry->exports[index].name != NULL)
            *export_slot(larger, size, entry->exports[index].name) = entry->exports[index];
    free(entry->exports);
    entry->exports = larger;
    entry->export_size = size;
    return true;
}

static void export_add(struct library_entry *entry, const char *name, facts_t facts)
{
    if (facts == 0 || (entry->export_count * 2 >= entry->export_size && !exports_grow(entry)))
        return;
    struct export *slot = export_slot(entry->exports, entry->export_size, name);
    if (slot->name == NULL) {
        slot->name = strdup(name);
        entry->export_count += slot->name != NULL;
    }
    slot->facts |= facts;
}

/* Whether one of the blank-separated prefixes begins the name. */
static bool has_prefix(const char *prefixes, const char *name)
{
    while (*prefixes != '\0') {
        size_t length = strcspn(prefixes, " ");
        if (length > 0 && strncmp(prefixes, name, length) == 0)
            return true;
        prefixes += length + (prefixes[length] != '\0');
    }
    return false;
}

facts_t library_leads_to(const struct library *library, const char *symbol)
{
    const struct library_entry *entry = (const struct library_entry *)library;
    if (entry->export_count == 0)
        return 0;
    return export_slot(entry->exports, entry->export_size, symbol)->facts;
}

facts_t library_known_facts(const char *name)
{
    for (size_t index = 0; index < sizeof absent / sizeof absent[0]; index++)
        if (strncmp(name, absent[index].prefix, strlen(absent[index].prefix)) == 0)
            return absent[index].facts;
    return 0;
}

bool library_may_matter(const char *name, const struct elf_image *program)
{
    for (size_t index = 0; index < sizeof roles / sizeof roles[0]; index++) {
        if (strncmp(name, roles[index].prefix, strlen(roles[index].prefix)) != 0)
            continue;
        struct elf_symbol symbol;
        bool imported = false;
        for (size_t number = 1; number < program->symbol_count && !imported; number++)
            imported = elf_image_symbol(program, number, &symbol) && symbol.undefined &&
                       has_prefix(roles[index].symbols, symbol.name);
        return roles[index].role == GATE || (roles[index].role == TOOLBOX && imported);
    }
    return true;
}

const char *library_example(const struct library *library, enum fact fact)
{
    return ((const struct library_entry *)library)->examples[fact];
}

/* --- following a library's functions --- */

struct edge {
    uint32_t from, to;
};

struct following {
    struct library_entry *entry;
    const struct elf_functions *functions;
    facts_t *facts; /* of each function */
    struct edge *edges;
    size_t edge_count, edge_size;
    bool failed;
};

static struct import_meaning resolve(const struct elf_symbol *symbol, void *context)
{
    const struct following *following = context;
    struct import_meaning meaning = {0};
    if (!symbol->undefined && symbol->function) {
        meaning.internal = true;
        return meaning;
    }
    meaning.call = call_find(symbol->name);
    if (meaning.call != NULL)
        return meaning;
    const struct library *library = &following->entry->public;
    for (size_t index = 0; index < library->needed_count; index++)
        meaning.facts |= library_leads_to(library->needed[index], symbol->name);
    return meaning;
}

static void add_edge(size_t from, size_t to, void *context)
{
    struct following *following = context;
    if (following->edge_count == following->edge_size) {
        size_t size = following->edge_size == 0 ? 1024 : following->edge_size * 2;
        struct edge *edges = realloc(following->edges, size * sizeof *edges);
        if (edges == NULL) {
            following->failed = true;
            return;
        }
        following->edges = edges;
        following->edge_size = size;
    }
    following->edges[following->edge_count++] = (struct edge){(uint32_t)from, (uint32_t)to};
}

/* The function of libc behind a fact that an import from another library leads to. */
static const char *needed_example(const struct library *library, const char *symbol, enum fact fact)
{
    for (size_t index = 0; index < library->needed_count; index++)
        if ((library_leads_to(library->needed[index], symbol) & FACT_BIT(fact)) != 0)
            return library_example(library->needed[index], fact);
    return NULL;
}

static void note_site(const struct object_site *site, void *context)
{
    struct following *following = context;
    struct library_entry *entry = following->entry;
    size_t function = site->called ? elf_functions_find(following->functions, site->address) : SIZE_MAX;
    if (site->internal) {
        size_t to = elf_functions_find(following->functions, site->value);
        if (function != SIZE_MAX && to != SIZE_MAX)
            add_edge(function, to, following);
        return;
    }
    entry->public.facts |= site->facts;
    if (function != SIZE_MAX)
        following->facts[function] |= site->facts;
    for (unsigned fact = 0; fact < FACT_COUNT; fact++)
        if ((site->facts & FACT_BIT(fact)) != 0 && entry->examples[fact] == NULL)
            entry->examples[fact] = site->call != NULL
                                        ? call_symbol(site->call)
                                        : needed_example(&entry->public, site->symbol, (enum fact)fact);
}

/* Carries the facts against the direction of the calls until nothing changes. */
static void spread(struct following *following)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t index = following->edge_count; index-- > 0;) {
            facts_t *from = &following->facts[following->edges[index].from];
            facts_t more = *from | following->facts[following->edges[index].to];
            changed = changed || more != *from;
            *from = more;
        }
    }
}

static void note_exports(struct library_entry *entry, const struct elf_image *image,
                         const struct following *following)
{
    struct elf_symbol symbol;
    for (size_t index = 1; index < image->symbol_count; index++) {
        if (!elf_image_symbol(image, index, &symbol) || symbol.undefined ||
            (entry->role == TOOLBOX && !has_prefix(entry->role_symbols, symbol.name)))
            continue;
        size_t function = elf_functions_find(following->functions, symbol.value);
        bool gate = entry->role == GATE && has_prefix(entry->role_symbols, symbol.name);
        if (following->functions->count == 0 || gate) /* another machine: what the library can do, each may */
            export_add(entry, symbol.name, symbol.function ? entry->public.facts : 0);
        else if (function != SIZE_MAX && symbol.function)
            export_add(entry, symbol.name, following->facts[function]);
    }
}

/* An import that no instruction calls, in a library that others show no call of either: nothing to follow. */
static bool has_facts_to_follow(const struct library_entry *entry, const struct elf_image *image)
{
    struct elf_symbol symbol;
    for (size_t index = 0; index < entry->public.needed_count; index++)
        if (((const struct library_entry *)entry->public.needed[index])->export_count > 0)
            return true;
    for (size_t index = 1; index < image->symbol_count; index++)
        if (elf_image_symbol(image, index, &symbol) && symbol.undefined && call_find(symbol.name) != NULL)
            return true;
    return false;
}

static void follow(struct library_entry *entry, const struct elf_image *image)
{
    struct elf_functions functions;
    if (!has_facts_to_follow(entry, image) || elf_functions_read(image, &functions) != 0)
        return;
    struct following following = {.entry = entry, .functions = &functions};
    following.facts = calloc(functions.count + 1, sizeof *following.facts);
    if (following.facts != NULL && object_scan(image, &functions, resolve, note_site, &following) == 0 &&
        entry->public.facts != 0) {
        elf_call_graph(image, &functions, true, add_edge, &following);
        spread(&following);
        note_exports(entry, image, &following);
    }
    free(following.facts);
    free(following.edges);
    elf_functions_free(&functions);
}

/* --- the cache --- */

static void set_role(struct library_entry *entry)
{
    for (size_t index = 0; index < sizeof roles / sizeof roles[0]; index++)
        if (strncmp(entry->public.soname, roles[index].prefix, strlen(roles[index].prefix)) == 0) {
            entry->role = roles[index].role;
            entry->role_symbols = roles[index].symbols;
            return;
        }
}

static void load_needs(struct libraries *libraries, struct library_entry *entry, const struct elf_image *image,
                       const struct elf_requester *parent)
{
    struct library *library = &entry->public;
    library->needed = calloc(image->needed_count + 1, sizeof *library->needed);
    library->missing = calloc(image->needed_count + 1, sizeof *library->missing);
    char *directory = strdup(library->path);
    if (library->needed == NULL || library->missing == NULL || directory == NULL) {
        free(directory);
        return;
    }
    *strrchr(directory, '/') = '\0';
    struct elf_requester requester = {
        .parent = parent,
        .directory = directory,
        .rpath = image->rpath,
        .runpath = image->runpath,
        .root = parent->root,
        .elf_class = image->program.elf_class,
        .machine = image->program.machine,
        .privileged = parent->privileged,
    };
    for (size_t index = 0; index < image->needed_count; index++) {
        const struct library *needed = libraries_get(libraries, &requester, image->needed[index]);
        if (needed != NULL)
            library->needed[library->needed_count++] = needed;
        else if ((library->missing[library->missing_count] = strdup(image->needed[index])) != NULL)
            library->missing_count++;
    }
    free(directory);
}

static void load(struct libraries *libraries, struct library_entry *entry, const struct elf_requester *parent)
{
    struct elf_image image;
    const char *problem;
    if (elf_image_open(entry->public.path, &image, &problem) != 0) {
        entry->unreadable = true;
        return;
    }
    const char *soname = image.soname != NULL ? image.soname : strrchr(entry->public.path, '/') + 1;
    entry->public.soname = strdup(soname);
    if (entry->public.soname != NULL) {
        set_role(entry);
        if (entry->role != CLIB && entry->role != PLUMBING) {
            load_needs(libraries, entry, &image, parent);
            follow(entry, &image);
        }
    }
    entry->unreadable = entry->public.soname == NULL;
    elf_image_close(&image);
}

static struct library_entry *cache_find(struct libraries *libraries, const char *path, struct library_entry ***bucket)
{
    *bucket = &libraries->buckets[hash_text(path) % CACHE_BUCKETS];
    for (struct library_entry *entry = **bucket; entry != NULL; entry = entry->next)
        if (strcmp(entry->public.path, path) == 0)
            return entry;
    return NULL;
}

const struct library *libraries_get(struct libraries *libraries, const struct elf_requester *requester,
                                    const char *name)
{
    char path[PATH_MAX];
    struct library_entry **bucket;
    if (!elf_search_find(libraries->search, requester, name, path))
        return NULL;
    struct library_entry *entry = cache_find(libraries, path, &bucket);
    if (entry == NULL) {
        entry = calloc(1, sizeof *entry);
        if (entry == NULL)
            return NULL;
        entry->public.path = strdup(path);
        if (entry->public.path == NULL) {
            free(entry);
            return NULL;
        }
        entry->next = *bucket;
        *bucket = entry;
        load(libraries, entry, requester);
    }
    return entry->unreadable ? NULL : &entry->public;
}

struct libraries *libraries_new(void)
{
    struct libraries *libraries = calloc(1, sizeof *libraries);
    if (libraries != NULL && (libraries->search = elf_search_new()) == NULL) {
        free(libraries);
        return NULL;
    }
    return libraries;
}

static void free_text(const char *text)
{
    union {
        const char *constant;
        char *free_wants;
    } bytes = {text};
    free(bytes.free_wants);
}

static void entry_free(struct library_entry *entry)
{
    for (size_t index = 0; index < entry->export_size; index++)
        free(entry->exports[index].name);
    for (size_t index = 0; index < entry->public.missing_count; index++)
        free_text(entry->public.missing[index]);
    free(entry->exports);
    free(entry->public.missing);
    free(entry->public.needed);
    free_text(entry->public.path);
    free_text(entry->public.soname);
    free(entry);
}

void libraries_free(struct libraries *libraries)
{
    for (size_t index = 0; libraries != NULL && index < CACHE_BUCKETS; index++)
        while (libraries->buckets[index] != NULL) {
            struct library_entry *entry = libraries->buckets[index];
            libraries->buckets[index] = entry->next;
            entry_free(entry);
        }
    if (libraries != NULL)
        elf_search_free(libraries->search);
    free(libraries);
}
