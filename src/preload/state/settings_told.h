/*
 * Which complaints about configuration files have been told since the machine was started: each is told once, and not
 * by every process that reads the file.
 *
 * The marks are in a file "complaints" of the state directory, which is the user's own: nobody else can make one
 * there and so silence what this user should hear, or root. Without such a directory each process tells for itself.
 */
#ifndef V6SHIM_PRELOAD_STATE_SETTINGS_TOLD_H
#define V6SHIM_PRELOAD_STATE_SETTINGS_TOLD_H

#include "preload/system/settings.h"

/*
 * Whether what is wrong with this file, as it is now, was told before: since the machine was started, by a process of
 * this user, to the same place (log_add_destination). If not, it is from now on. May make the state directory. Blocks
 * signals meanwhile; waits for nobody, so two processes that start at the same moment may both tell.
 * Async-signal-safe, errno changed.
 */
bool settings_told_before(const struct settings *settings, const char *path);

#endif
