/* Tells the function, file and line of an address by its debug information; called by check/static and
   check/run/place.c. */
#include "check/elf/where.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUG_DIRECTORY  "/usr/lib/debug/.build-id"
#define BUILD_ID_LONGEST 64

struct elf_where {
    const struct elf_image *image;
    int debug_fd; /* -1: none */
    Elf *debug;   /* NULL: no separate file */
    Dwarf *dwarf; /* NULL: no debug information */
    Elf_Data *symbols;
    size_t symbol_count;
    Elf *symbols_of;
    size_t strings; /* section of their names */
};

/* The symbol table section of a file, if it has one. */
static bool find_symbols(Elf *elf, struct elf_where *where)
{
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section != NULL; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0)
            continue;
        where->symbols = elf_getdata(section, NULL);
        if (where->symbols == NULL)
            continue;
        where->symbol_count = where->symbols->d_size / header.sh_entsize;
        where->strings = header.sh_link;
        where->symbols_of = elf;
        return true;
    }
    return false;
}

/* The separate file, as debuggers find it: .build-id/xx/rest.debug. */
static void open_debug_file(struct elf_where *where)
{
    const void *id;
    ssize_t length = dwelf_elf_gnu_build_id(where->image->elf, &id);
    if (length < 2 || length > BUILD_ID_LONGEST)
        return;
    char name[2 * BUILD_ID_LONGEST + 1];
    for (ssize_t index = 0; index < length; index++)
        snprintf(name + 2 * index, 3, "%02x", ((const unsigned char *)id)[index]);
    char path[PATH_MAX];
    snprintf(path, sizeof path, DEBUG_DIRECTORY "/%.2s/%s.debug", name, name + 2);
    where->debug_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (where->debug_fd >= 0)
        where->debug = elf_begin(where->debug_fd, ELF_C_READ_MMAP, NULL);
}

struct elf_where *elf_where_new(const struct elf_image *image)
{
    struct elf_where *where = calloc(1, sizeof *where);
    if (where == NULL)
        return NULL;
    where->image = image;
    where->debug_fd = -1;
    if (!find_symbols(image->elf, where)) {
        open_debug_file(where);
        if (where->debug != NULL)
            find_symbols(where->debug, where);
    }
    where->dwarf = dwarf_begin_elf(where->debug != NULL ? where->debug : image->elf, DWARF_C_READ, NULL);
    if (where->symbols == NULL && where->dwarf == NULL && image->symbol_count == 0) {
        elf_where_free(where);
        return NULL;
    }
    return where;
}

void elf_where_free(struct elf_where *where)
{
    if (where == NULL)
        return;
    dwarf_end(where->dwarf);
    elf_end(where->debug);
    if (where->debug_fd >= 0)
        close(where->debug_fd);
    free(where);
}

static const char *function_of_symtab(const struct elf_where *where, uint64_t address)
{
    for (size_t index = 1; index < where->symbol_count; index++) {
        GElf_Sym symbol;
        if (gelf_getsym(where->symbols, (int)index, &symbol) != NULL && GELF_ST_TYPE(symbol.st_info) == STT_FUNC &&
            address >= symbol.st_value && address - symbol.st_value < symbol.st_size)
            return elf_strptr(where->symbols_of, where->strings, symbol.st_name);
    }
    return NULL;
}

static const char *function_of_dynamic(const struct elf_image *image, uint64_t address)
{
    struct elf_symbol symbol;
    for (size_t index = 1; index < image->symbol_count; index++)
        if (elf_image_symbol(image, index, &symbol) && !symbol.undefined && symbol.function &&
            address >= symbol.value && address - symbol.value < symbol.size)
            return symbol.name;
    return NULL;
}

/* The compilation unit of an address. Some compilers leave out the table that dwarf_addrdie wants: then one by one.
 */
static bool find_unit(Dwarf *dwarf, uint64_t address, Dwarf_Die *unit)
{
    if (dwarf_addrdie(dwarf, address, unit) != NULL)
        return true;
    Dwarf_Off offset = 0, next;
    size_t header;
    for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next)
        if (dwarf_offdie(dwarf, offset + header, unit) != NULL && dwarf_haspc(unit, address) == 1)
            return true;
    return false;
}

/* What the source calls the function, also where the compiler has put it into another one. */
static const char *function_in_source(Dwarf_Die *unit, uint64_t address)
{
    Dwarf_Die *scopes = NULL;
    const char *name = NULL;
    int count = dwarf_getscopes(unit, address, &scopes);
    for (int i = 0; i < count && name == NULL; i++)
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram || dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
            name = dwarf_diename(&scopes[i]);
    if (count > 0)
        free(scopes);
    return name;
}

struct elf_place elf_where_find(struct elf_where *where, uint64_t address)
{
    struct elf_place place = {0};
    if (where == NULL || address == 0)
        return place;
    place.function =
        where->symbols != NULL ? function_of_symtab(where, address) : function_of_dynamic(where->image, address);
    Dwarf_Die unit;
    if (where->dwarf == NULL || !find_unit(where->dwarf, address, &unit))
        return place;
    const char *inlined = function_in_source(&unit, address);
    if (inlined != NULL)
        place.function = inlined;
    Dwarf_Line *line = dwarf_getsrc_die(&unit, address);
    if (line != NULL && dwarf_lineno(line, &place.line) == 0)
        place.file = dwarf_linesrc(line, NULL, NULL);
    return place;
}

/* --- variables --- */

/* Whether the variable is a char[size], as far as typedef and const let see. */
static bool is_text_of(Dwarf_Die *variable, unsigned size)
{
    Dwarf_Attribute attribute;
    Dwarf_Die type, range, element;
    Dwarf_Word bound, count = 0, element_size = 0;
    if (dwarf_attr_integrate(variable, DW_AT_type, &attribute) == NULL ||
        dwarf_formref_die(&attribute, &type) == NULL || dwarf_peel_type(&type, &type) != 0 ||
        dwarf_tag(&type) != DW_TAG_array_type || dwarf_child(&type, &range) != 0 ||
        dwarf_tag(&range) != DW_TAG_subrange_type)
        return false;
    if (dwarf_attr(&range, DW_AT_upper_bound, &attribute) != NULL && dwarf_formudata(&attribute, &bound) == 0)
        count = bound + 1;
    else if (dwarf_attr(&range, DW_AT_count, &attribute) != NULL && dwarf_formudata(&attribute, &bound) == 0)
        count = bound;
    return count == size && dwarf_attr(&type, DW_AT_type, &attribute) != NULL &&
           dwarf_formref_die(&attribute, &element) != NULL && dwarf_peel_type(&element, &element) == 0 &&
           dwarf_tag(&element) == DW_TAG_base_type && dwarf_attr(&element, DW_AT_byte_size, &attribute) != NULL &&
           dwarf_formudata(&attribute, &element_size) == 0 && element_size == 1;
}

static const char *text_in_scope(Dwarf_Die *scope, unsigned size)
{
    Dwarf_Die child;
    for (int result = dwarf_child(scope, &child); result == 0; result = dwarf_siblingof(&child, &child))
        if (dwarf_tag(&child) == DW_TAG_variable && is_text_of(&child, size))
            return dwarf_diename(&child);
    return NULL;
}

const char *elf_where_short_text(struct elf_where *where, uint64_t address, unsigned size)
{
    Dwarf_Die unit, *scopes = NULL;
    const char *name = NULL;
    if (where == NULL || where->dwarf == NULL || !find_unit(where->dwarf, address, &unit))
        return NULL;
    int count = dwarf_getscopes(&unit, address, &scopes);
    for (int i = 0; i < count && name == NULL; i++) {
        name = text_in_scope(&scopes[i], size);
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram || dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine)
            break;
    }
    if (count > 0)
        free(scopes);
    return name;
}
