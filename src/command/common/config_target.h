/*
 * Whose settings are asked for: those of a program that this shell would start, or of a running process. `command` is
 * the one that complains; NULL: nothing is said.
 */
#ifndef V6SHIM_COMMAND_COMMON_CONFIG_TARGET_H
#define V6SHIM_COMMAND_COMMON_CONFIG_TARGET_H

#include <limits.h>
#include <stdbool.h>

#include "core/settings/program.h"
#include "preload/system/settings_sources.h"

struct config_target {
    struct settings_process process;
    struct program_name name;
    uid_t owner; /* whose rights it has, and whose group */
    gid_t group;
    bool elsewhere; /* in another root, a container's or that of chroot(): its paths lead to other files here */
    char executable[PATH_MAX], started[PATH_MAX];
    char *environment[1024]; /* of another process, in `bytes` */
    char bytes[128 * 1024];
    char named[2 * PATH_MAX]; /* V6SHIM_CONF=..., where the process names a file relative to its directory */
};

/* Of a program that has no name of its own: no block is for it. */
void config_target_shell(struct config_target *target);

/* Of a program, found as the shell finds it. EXIT_STATUS_OK, or the exit status after a complaint. */
int config_target_program(const char *command, struct config_target *target, const char *name);

/* Of a process, by what the kernel told it when it started. As above. A configuration file that it names relative to
   its directory is looked for in the directory in which it is now, and that is said. */
int config_target_process(const char *command, struct config_target *target, const char *number);

/*
 * settings_sources_open() with the rights that the target has: another user's process names files that are not for
 * it, and devices for which it matters that they are opened. Where these rights can't be had, or the process sees
 * another file system, as if it named none.
 */
void config_target_open(struct settings_sources *sources, const struct config_target *target);

/* The settings that the target has, by its files and its variables, into `settings`, which is all zero before. */
void config_target_settings(struct config_target *target, struct settings *settings);

#endif
