/*
 * Whose state a command looks at: the user's own, with the settings in force, or another user's.
 */
#ifndef V6SHIM_COMMAND_COMMON_STATE_USER_H
#define V6SHIM_COMMAND_COMMON_STATE_USER_H

#include <stdbool.h>
#include <stddef.h>

/* NULL, both: the one who asks. */
struct state_user {
    const char *name; /* of another user */
    const char *pid;  /* the number of a process: its user, with the settings that it was started with */
    bool only_reads; /* where neither is said, the directory that the settings name may be another user's, for root */
};

/* Loads the settings and sets up state_current() and the aliases, alias-map too, of that user. EXIT_STATUS_OK, or the
   exit status after a complaint. What is not the user's own is read only, with all checks of who may have written it.
 */
int state_user_open(const char *command, const struct state_user *user /* NULL: the one who asks */);

/* Whether its tables may be changed. */
static inline bool state_user_is_own(const struct state_user *user)
{
    return user->name == NULL && user->pid == NULL;
}

#endif
