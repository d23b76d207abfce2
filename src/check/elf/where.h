/*
 * Which function of the source, which file and line an address of a program belongs to: from its symbol table and
 * debug information, in the file itself or in the separate file that its build ID names.
 */
#ifndef V6SHIM_CHECK_ELF_WHERE_H
#define V6SHIM_CHECK_ELF_WHERE_H

#include "check/elf/image.h"

struct elf_where;

/* NULL where neither symbols nor debug information are to be had. The image must outlive it. */
struct elf_where *elf_where_new(const struct elf_image *image);
void elf_where_free(struct elf_where *where);

struct elf_place {
    const char *function; /* NULL, NULL and 0 where unknown; the texts live as long as the elf_where */
    const char *file;
    int line;
};

struct elf_place elf_where_find(struct elf_where *where, uint64_t address);

/* The name of a variable of type char[size] in the function that the address belongs to, and in sight there; NULL:
   none, or no debug information. Lives as long as the elf_where. */
const char *elf_where_short_text(struct elf_where *where, uint64_t address, unsigned size);

#endif
