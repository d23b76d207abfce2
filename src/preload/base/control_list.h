/*
 * Walks through lists of control messages (RFC 3542 section 20.3, cmsg(3)), of which a program's may be anything.
 *
 * Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_BASE_CONTROL_LIST_H
#define V6SHIM_PRELOAD_BASE_CONTROL_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Whether a program's list can be walked through: the others here want one like that, or the kernel's own. The kernel
   answers EINVAL or EFAULT to others. errno kept. */
bool control_list_is_valid(const struct msghdr *message);

/* The message behind `at`, one of the list's; NULL where that is the last one, or the next one does not fit into the
   list. CMSG_NXTHDR() would, by some flags of the compiler, be a call of libc's __cmsg_nxthdr(). errno kept. */
static inline struct cmsghdr *control_list_next(const struct msghdr *message, const struct cmsghdr *at)
{
    char *list = message->msg_control;
    size_t offset = (size_t)((const char *)at - list), size = message->msg_controllen;
    if (at->cmsg_len < CMSG_LEN(0) || at->cmsg_len > size - offset)
        return NULL;
    offset += CMSG_ALIGN(at->cmsg_len);
    if (offset > size || size - offset < sizeof(struct cmsghdr))
        return NULL;
    struct cmsghdr *next = (void *)(list + offset);
    return next->cmsg_len <= size - offset ? next : NULL;
}

/* Whether there is a message of this level and type in it. */
bool control_list_has(const struct msghdr *message, int level, int type);

/* Calls `act` for each descriptor that is passed in it (SCM_RIGHTS, unix(7)). */
void control_list_each_descriptor(const struct msghdr *message, void (*act)(int fd));

#endif
