/*
 * The settings of this process: environment variables, then the configuration files, then the defaults.
 *
 * Loaded once, at start, in any hook and perhaps before malloc works: no malloc, no stdio. errno is kept.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_SETTINGS_H
#define V6SHIM_PRELOAD_SYSTEM_SETTINGS_H

#include "core/settings/config.h"

/*
 * Reads the files and the variables and sets the log (log_to) by them; then says what was wrong in them, a line
 * each. Whatever happens, settings_current() is usable after it. Variables, and what they name, are ignored where
 * secure_getenv() would: a program with more rights than its caller is configured by /etc/v6shim.conf alone. Not for
 * two threads at once.
 */
void settings_load(void);

/* The same, but where `is_known` answers that what is wrong with the file of that path has been told before, nothing
   is said of it. Asked where there is something to say, once for a file. */
typedef bool settings_is_known(const struct settings *settings, const char *path);
void settings_load_unless(settings_is_known *is_known);

/* Before settings_load(): all bytes zero, so nothing is logged. */
extern struct settings settings_of_process; /* written by settings_load() alone */
static inline const struct settings *settings_current(void)
{
    return &settings_of_process;
}

#endif
