/*
 * What the settings of a process are read from: up to two files, and its environment. Of this process, or for v6shim
 * config of another.
 *
 * No malloc, no stdio.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_SETTINGS_SOURCES_H
#define V6SHIM_PRELOAD_SYSTEM_SETTINGS_SOURCES_H

#include <limits.h>

#include "core/settings/config.h"
#include "preload/system/settings_file.h"

/* Read where V6SHIM_CONF names no other file. That it does not exist is no error. */
#define SETTINGS_FILE "/etc/v6shim.conf"
/* Read after it, in $XDG_CONFIG_HOME or $HOME/.config; not by root, whose file is the one above. */
#define SETTINGS_FILE_NAME  "v6shim.conf"
#define SETTINGS_HOME       ".config"
#define SETTINGS_FILES_SIZE 2

/* Whose settings. */
struct settings_process {
    char **environment; /* NULL: it has none, or more rights than its caller, whose variables then don't count */
    uid_t user;         /* effective, when it started */
};

struct settings_sources {
    struct settings_file files[SETTINGS_FILES_SIZE];
    size_t count;
    bool named;              /* by V6SHIM_CONF: that file, the only one, has to exist */
    char own_path[PATH_MAX]; /* of the user's file, where there is a second */
};

/* Reads the files' bytes; what can't be read is told in struct settings_file. The environment has to stay. */
void settings_sources_open(struct settings_sources *sources, const struct settings_process *process);

/* Reads the settings: the defaults, the files in their order, the variables. With `settings` of the reader NULL, only
   what is wrong is told. Otherwise they are all zero before. */
void settings_sources_read(const struct settings_sources *sources, const struct settings_process *process,
                           const struct config_reader *reader);

void settings_sources_close(struct settings_sources *sources);

/* Whether it is no news that this file can't be read: nobody named it, and it doesn't exist; or it is the user's own
   and in a place that can't be entered. */
bool settings_sources_may_lack(const struct settings_sources *sources, const struct settings_file *file);

#endif
