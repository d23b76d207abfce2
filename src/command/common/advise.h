/*
 * Whether a preload will reach a program, said before the program is started.
 */
#ifndef V6SHIM_COMMAND_COMMON_ADVISE_H
#define V6SHIM_COMMAND_COMMON_ADVISE_H

#include "command/common/program.h"

#define ADVISE_REASON_SIZE (3 * PATH_MAX)

/*
 * Follows the program at `path` through #! lines (and /usr/bin/env) to what is really run, and says where the
 * library can't be loaded there or does nothing: a static program, another ELF class, machine or C library,
 * rights that make the loader drop LD_PRELOAD. `library` is what program_read said of libv6shim.so.
 */
bool advise_find(const char *path, const struct program *library, char reason[ADVISE_REASON_SIZE]);

/* The same, and complains of it. */
void advise(const char *command, const char *path, const struct program *library);

#endif
