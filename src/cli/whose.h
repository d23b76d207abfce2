/*
 * Whose state a command looks at: the user's own, with the settings in force, or another user's.
 */
#ifndef V6SHIM_CLI_WHOSE_H
#define V6SHIM_CLI_WHOSE_H

#include "runtime/state.h"

/* Sets up the state of the user of this name, NULL for the one who asks. EXIT_STATUS_OK, or the exit status after a
   complaint. Another user's may be read only. Loads the settings; for the one who asks, alias-map too (aliases.h). */
int whose_state(const char *command, const char *user, struct state *state);

#endif
