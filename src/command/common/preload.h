/*
 * Where libv6shim.so is, and how it gets into LD_PRELOAD.
 */
#ifndef V6SHIM_COMMAND_COMMON_PRELOAD_H
#define V6SHIM_COMMAND_COMMON_PRELOAD_H

#include <limits.h>
#include <stdbool.h>

#include "command/common/program.h"

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
 * The library that this program is to be given: as V6SHIM_LIBRARY names it, or the file of preload_find(), or, where
 * those of both classes are installed beside that one (configure --enable-multilib), their path with $LIB, which the
 * children of the program keep. For a program of musl, where such a file is there: that of the folder "musl" beside
 * it, by its path (musl's loader knows no $LIB). Of a script its interpreter counts. `file` is the file that the
 * loader takes. False where there is none; `path` then names the place where it should be.
 */
bool preload_find_for(const char *command, const char *program_path, char path[PATH_MAX], char file[PATH_MAX]);

/* Whether there is one for programs of musl. What is wrong with V6SHIM_LIBRARY is not said. */
bool preload_has_musl(char file[PATH_MAX]);

/* Whether a library for this program's class and machine is installed beside the command's own (--enable-multilib).
 */
bool preload_has_class(const struct program *program);

/*
 * The observer of v6shim check --run for this program: beside the command in a build tree, else where it is
 * installed. `path` and `file` are as those of preload_find_for().
 */
bool preload_find_observer(const char *program_path, char path[PATH_MAX], char file[PATH_MAX]);

/*
 * A value for LD_PRELOAD with the library in it, beside everything in `current` (may be NULL), in new memory; a copy
 * of `current` where a library of that file name is there already. NULL without memory.
 */
char *preload_join(const char *current, const char *library);

#endif
