/*
 * Finds the libraries that a program needs, in the order of ld.so(8): DT_RPATH (of the object and of those that
 * loaded it, unless the object has a DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, /etc/ld.so.cache, the default
 * directories. $ORIGIN, $LIB and $PLATFORM are replaced; files of another class or machine are passed over.
 */
#ifndef V6SHIM_CHECK_ELF_SEARCH_H
#define V6SHIM_CHECK_ELF_SEARCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct elf_search; /* the cache of the loader, read once */

/* An object whose needs are looked for, and the one that needs it. */
struct elf_requester {
    const struct elf_requester *parent; /* NULL: the program */
    const char *directory;              /* what $ORIGIN stands for */
    const char *rpath, *runpath;        /* NULL: none */
    const char *root; /* of an unpacked package or a mounted image, searched before the system; NULL: none */
    int elf_class, machine;
    bool privileged; /* setuid and the like: LD_LIBRARY_PATH is not for it */
};

/* Never NULL unless memory is out: a missing or damaged cache is an empty one. */
struct elf_search *elf_search_new(void);
void elf_search_free(struct elf_search *search);

/* Returns whether the library was found; `path` then holds it. A name with a slash is a path already. */
bool elf_search_find(const struct elf_search *search, const struct elf_requester *requester, const char *name,
                     char path[PATH_MAX]);

#endif
