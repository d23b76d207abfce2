/* Collects what one program or library imports and calls; called by check/file/library.c and the static
   check. */
#include "check/file/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct object_import {
    struct elf_symbol symbol;
    size_t symbol_index;
    struct import_meaning meaning;
    bool called;
};

struct scan {
    const struct elf_image *image;
    object_resolve *resolve;
    object_visit *visit;
    void *context;
    uint32_t *import_of; /* by symbol index: 0 not looked at, 1 means nothing, else index + 2 */
    struct object_import *imports;
    size_t count, size;
    struct elf_target *targets;
    size_t target_count, target_size;
    bool failed;
};

static bool grow(void **list, size_t *size, size_t count, size_t element)
{
    if (count < *size)
        return true;
    size_t wanted = *size == 0 ? 64 : *size * 2;
    void *larger = realloc(*list, wanted * element);
    if (larger == NULL)
        return false;
    *list = larger;
    *size = wanted;
    return true;
}

static bool means_something(const struct import_meaning *meaning)
{
    return meaning->call != NULL || meaning->facts != 0 || meaning->internal;
}

/* The import of a symbol, or NULL where it means nothing. */
static struct object_import *import_of(struct scan *scan, size_t symbol_index)
{
    if (symbol_index >= scan->image->symbol_count)
        return NULL;
    uint32_t known = scan->import_of[symbol_index];
    if (known == 1)
        return NULL;
    if (known > 1)
        return &scan->imports[known - 2];
    scan->import_of[symbol_index] = 1;
    struct object_import import = {.symbol_index = symbol_index};
    if (!elf_image_symbol(scan->image, symbol_index, &import.symbol))
        return NULL;
    import.meaning = scan->resolve(&import.symbol, scan->context);
    if (!means_something(&import.meaning))
        return NULL;
    void *list = scan->imports;
    if (!grow(&list, &scan->size, scan->count, sizeof import)) {
        scan->failed = true;
        return NULL;
    }
    scan->imports = list;
    scan->imports[scan->count] = import;
    scan->import_of[symbol_index] = (uint32_t)scan->count + 2;
    return &scan->imports[scan->count++];
}

static void add_relocation(uint64_t address, size_t symbol_index, unsigned type, void *context)
{
    struct scan *scan = context;
    struct object_import *import = import_of(scan, symbol_index);
    if (import == NULL || scan->image->program.machine != EM_X86_64 ||
        (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT))
        return;
    void *list = scan->targets;
    if (!grow(&list, &scan->target_size, scan->target_count, sizeof *scan->targets)) {
        scan->failed = true;
        return;
    }
    scan->targets = list;
    scan->targets[scan->target_count++] = (struct elf_target){
        .address = address,
        .id = (unsigned)(import - scan->imports),
        .follow = import->meaning.call != NULL && call_reads_arguments(import->meaning.call),
    };
}

static void report(struct scan *scan, const struct object_import *import, const struct elf_call_site *site)
{
    const struct import_meaning *meaning = &import->meaning;
    struct object_site found = {
        .symbol = import->symbol.name,
        .symbol_index = import->symbol_index,
        .call = meaning->call,
        .facts = meaning->facts,
        .value = import->symbol.value,
        .internal = meaning->internal,
        .called = site != NULL,
        .address = site == NULL ? 0 : site->address,
        .function = site == NULL ? 0 : site->function,
    };
    if (meaning->call != NULL)
        found.facts = FACT_BIT(site == NULL ? call_imported(meaning->call)
                                            : call_read(meaning->call, scan->image, site->state));
    scan->visit(&found, scan->context);
}

static void add_site(const struct elf_call_site *site, void *context)
{
    struct scan *scan = context;
    scan->imports[site->id].called = true;
    report(scan, &scan->imports[site->id], site);
}

int object_scan(const struct elf_image *image, const struct elf_functions *functions, object_resolve *resolve,
                object_visit *visit, void *context)
{
    struct scan scan = {.image = image, .resolve = resolve, .visit = visit, .context = context};
    scan.import_of = calloc(image->symbol_count + 1, sizeof *scan.import_of);
    int error = scan.import_of == NULL ? -ENOMEM : 0;
    if (error == 0) {
        elf_image_relocations(image, add_relocation, &scan);
        error = scan.failed ? -ENOMEM : elf_calls(image, functions, scan.targets, scan.target_count, add_site, &scan);
    }
    for (size_t index = 0; error == 0 && index < scan.count; index++)
        if (!scan.imports[index].called)
            report(&scan, &scan.imports[index], NULL);
    free(scan.import_of);
    free(scan.imports);
    free(scan.targets);
    return error;
}
