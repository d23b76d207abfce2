/*
 * Whose state a command looks at: the user's own, with the settings in force, or another user's.
 */
#ifndef V6SHIM_COMMAND_COMMON_STATE_USER_H
#define V6SHIM_COMMAND_COMMON_STATE_USER_H

/* Loads the settings and sets up state_current() and the aliases, alias-map too, of the user of this name; NULL for
   the one who asks. EXIT_STATUS_OK, or the exit status after a complaint. Another user's files are read only. */
int state_user_open(const char *command, const char *user);

#endif
