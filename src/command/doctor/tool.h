/*
 * Programs of the system that v6shim doctor asks, since what they know is theirs to read.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_TOOL_H
#define V6SHIM_COMMAND_DOCTOR_TOOL_H

#include <stdbool.h>

#define TOOL_OPTIONS_MAX 10

/* Whether it is in a directory of the system's own. PATH isn't looked at: this may be root, in a user's environment.
 */
bool tool_is_there(const char *name);

/* What it prints with these options, a list that ends with NULL, in new memory; NULL where it is not there, fails, or
   prints more than 16 MiB. Its standard error is thrown away. */
char *tool_output(const char *name, const char *const *options);

#endif
