/*
 * The settings as options of a command, --resolution-delay=20, and --config=FILE: each sets the variable of its name
 * in the environment, where the library reads it: the one that the command itself uses, and the program's.
 */
#ifndef V6SHIM_COMMAND_COMMON_SETTINGS_OPTIONS_H
#define V6SHIM_COMMAND_COMMON_SETTINGS_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "core/settings/config.h"

/* Room for them in a list for getopt_long(). */
#define SETTINGS_OPTIONS_MAX 48

/* Writes them to the list, without an end, and returns how many there are. */
size_t settings_options_list(struct option options[SETTINGS_OPTIONS_MAX]);

/* Whether a value that getopt_long() returned is one of theirs. */
bool settings_options_have(int result);

/* Takes it with getopt's optarg. A relative path is made absolute; entries of a list are added to those there.
   EXIT_STATUS_OK, or the exit status after a complaint. */
int settings_options_take(const char *command, int result);

/* Whether an option has set it. */
bool settings_options_given(const struct setting *setting);

/* Whether any was given, --config among them. */
bool settings_options_any_given(void);

/* Prints their help, in groups. */
void settings_options_print_help(void);

#endif
