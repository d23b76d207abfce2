/*
 * Programs that this one starts get the library too (setting follow): our own entry of LD_PRELOAD, exactly as it was
 * given to this process, goes back into the environment of a new program where it is missing. Super-servers clean the
 * environment of their services. Nothing else in it is changed, and no entry is added where we were not started by
 * LD_PRELOAD. The observer does the same for itself, and for the variable that it listens to.
 *
 * For vfork() children and signal handlers: no memory but the caller's stack, errno kept; no system call but those of
 * preload/base/pointer.h.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_FOLLOW_H
#define V6SHIM_PRELOAD_SYSTEM_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

/* Once, at start, before the program can change its environment. `variable`, NULL for none, is a "NAME=value" that
   new programs get which have none of that name; it must stay. False where our entry is too long to be kept: children
   are not followed then. */
bool follow_start(bool wanted, const char *variable);

/* How many bytes a copy of this environment takes that has our entry and the variable; 0 where it has them, or is to
   stay as it is. May be NULL, as execve() takes it. */
size_t follow_room(char *const environment[]);

/* Makes that copy in `room`, and returns it. It refers to the strings of the original. */
char **follow_copy(char *const environment[], void *room);

/* The environment for a new program where `may_act`, in the frame of the function that uses this macro (not in the
   list of arguments of a call, where alloca() must not be). */
#define FOLLOW(may_act, environment)                                                                \
    __extension__({                                                                                 \
        char *const *follow_given = (environment);                                                  \
        size_t follow_size = (may_act) ? follow_room(follow_given) : 0;                             \
        follow_size == 0 ? follow_given : follow_copy(follow_given, __builtin_alloca(follow_size)); \
    })

#endif
