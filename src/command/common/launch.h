/*
 * Starting a program under the library, for the commands that do: `command` is the one that complains.
 */
#ifndef V6SHIM_COMMAND_COMMON_LAUNCH_H
#define V6SHIM_COMMAND_COMMON_LAUNCH_H

#include <limits.h>

/* Finds the program as execvp would. EXIT_STATUS_OK, or the exit status after a complaint. */
int launch_find(const char *command, const char *name, char path[PATH_MAX]);

/* Adds the library to LD_PRELOAD in the environment; where that can't be done, says so, and the program will run as
   it is. Warns where the program can't be reached by it. */
void launch_set_preload(const char *command, const char *program_path);

/* Becomes the program. Returns, with the exit status after a complaint, only where that can't be run. */
int launch_execute(const char *command, const char *path, char **argv);

#endif
