/*
 * The program that this process runs, as the kernel tells it: what program lines of the configuration are compared
 * with. Neither argv[0] nor the name that prctl(PR_SET_NAME) sets has a say: whoever starts the program, or the
 * program itself, chooses those.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_PROGRAM_NAME_H
#define V6SHIM_PRELOAD_SYSTEM_PROGRAM_NAME_H

#include <limits.h>

#include "core/settings/program.h"

struct own_program_name {
    struct program_name name;
    char executable[PATH_MAX];
};

/*
 * Fills in the executable's real path (/proc/self/exe) and the path that was given to execve() (AT_EXECFN), which for
 * a script is the script's. In a program with more rights than its caller the second is left out: the caller may have
 * started it by a link with any name. One system call; async-signal-safe.
 */
const struct program_name *program_name_find(struct own_program_name *program);

#endif
