/*
 * Where the C library stands in this process, and what it defines, read from the loader's own list of objects. Asked
 * of the loader's functions, the answer could be another object's: a program, one of its libraries or a preload may
 * define any name that libc has.
 *
 * Async-signal-safe: no lock, no allocation, no system call; errno kept. The list is read while nothing else changes
 * it (at start) or for objects that stay as long as the process does, which libc does.
 */
#ifndef V6SHIM_PRELOAD_LIBC_LIBC_OBJECT_H
#define V6SHIM_PRELOAD_LIBC_LIBC_OBJECT_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* This object's own dynamic section. (musl's <link.h> does not declare it.) */
extern ElfW(Dyn) _DYNAMIC[];

/* The address of libc's own definition of a function, of its default version; NULL where it has none, or one that
   is chosen when it is bound (STT_GNU_IFUNC). Old glibcs have some in libpthread, libresolv or libdl. */
void *libc_object_function(const char *name);

/* The address of a variable of libc's; NULL where it has none of that name. Not for one that a program may refer to:
   it has a copy then, which is the one that libc uses. */
void *libc_object_variable(const char *name);

/* Whether the address lies in libc (or libpthread, libresolv, libdl). */
bool libc_object_contains(const void *address);

/* The same search in any one object of the list: NULL where it does not define the function itself. */
void *libc_object_defines(const struct link_map *object, const char *name);

/* The loaded object that the code (or data) stands in, and in `start` where it is mapped. NULL where there is none,
   and with a libc that can't be asked without a lock: _dl_find_object() is of glibc 2.35. It is not among our
   undefined symbols, not even as a weak one: the loader of an older glibc refuses a library that needs a version it
   lacks. */
const struct link_map *libc_object_of(const void *code, const void **start);

/* Whether this object is libc (its first part). */
bool libc_object_is_libc(const struct link_map *object);

/* Whether the process has the libc that this library was built for. Either loader takes one that is for the other
   libc too: musl's takes libc.so.6 for a name of its own, and one for musl names no libc
   (preload/hooks/Makefile.inc). */
bool libc_object_is_expected(void);

/* The first object in the loader's list, the program; NULL where the list can't be found. */
const struct link_map *libc_object_first(void);

#endif
