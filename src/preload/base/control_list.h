/*
 * Walks through lists of control messages (RFC 3542 section 20.3, cmsg(3)), of which a program's may be anything.
 *
 * Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_BASE_CONTROL_LIST_H
#define V6SHIM_PRELOAD_BASE_CONTROL_LIST_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether a program's list can be walked through: the others here want one like that, or the kernel's own. The kernel
   answers EINVAL or EFAULT to others. errno kept. */
bool control_list_is_valid(const struct msghdr *message);

/* Whether there is a message of this level and type in it. */
bool control_list_has(const struct msghdr *message, int level, int type);

/* Calls `act` for each descriptor that is passed in it (SCM_RIGHTS, unix(7)). */
void control_list_each_descriptor(const struct msghdr *message, void (*act)(int fd));

#endif
