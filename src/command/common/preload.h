/*
 * Where libv6shim.so is, and how it gets into LD_PRELOAD.
 */
#ifndef V6SHIM_COMMAND_COMMON_PRELOAD_H
#define V6SHIM_COMMAND_COMMON_PRELOAD_H

#include <limits.h>
#include <stdbool.h>

/*
 * The library that belongs to this command: what V6SHIM_LIBRARY names, else the one in the build tree that the
 * command was started from, else the installed one. False where there is none; `path` then names the place where it
 * should be. What is wrong with V6SHIM_LIBRARY is said as `command` says it (NULL: not at all).
 */
bool preload_find(const char *command, char path[PATH_MAX]);

/*
 * The file that the loader takes for a library's path with $LIB or ${LIB} in it (ld.so(8)), as far as can be told
 * from outside: of those that are there, one for the machine of this program, else any. Without the token, the path
 * itself. False where there is none that can be read.
 */
bool preload_expand(const char *name, const char *program_path, char path[PATH_MAX]);

/*
 * The library that this program is to be given: as V6SHIM_LIBRARY or the file of preload_find() are named, or, for a
 * program of musl, where such a file is there: that of the folder "musl" beside it, by its path (musl's loader knows
 * no $LIB). Of a script its interpreter counts. `file` is the file that the loader takes. False where there is none;
 * `path` then names the place where it should be.
 */
bool preload_find_for(const char *command, const char *program_path, char path[PATH_MAX], char file[PATH_MAX]);

/* Whether there is one for programs of musl. What is wrong with V6SHIM_LIBRARY is not said. */
bool preload_has_musl(char file[PATH_MAX]);

/* The observer of v6shim check --run: beside the command in a build tree, else where it is installed. */
bool preload_find_observer(char path[PATH_MAX]);

/*
 * A value for LD_PRELOAD with the library in it, beside everything in `current` (may be NULL), in new memory; a copy
 * of `current` where a library of that file name is there already. NULL without memory.
 */
char *preload_join(const char *current, const char *library);

#endif
