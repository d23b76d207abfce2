/* Descriptors that are passed in control messages (SCM_RIGHTS). */
#ifndef V6SHIM_HOOKS_PASSED_H
#define V6SHIM_HOOKS_PASSED_H

#include <string.h>
#include <sys/socket.h>

#include "runtime/control.h"
#include "runtime/guard.h"
#include "runtime/holders.h"
#include "runtime/sockets.h"

/* Calls `act` for each descriptor in the control messages. */
static inline void each_passed(const struct msghdr *message, void (*act)(int fd))
{
    struct msghdr copy = *message;
    if (!control_is_valid(message))
        return;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at != NULL; at = CMSG_NXTHDR(&copy, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t offset = 0; offset + sizeof(int) <= at->cmsg_len - CMSG_LEN(0); offset += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + offset, sizeof fd);
            act(fd);
        }
    }
}

/* After the kernel has taken a message, through a socket that is none of IPv4: others have what it carries from now
 * on.
 */
static inline void note_passed(int fd, const struct msghdr *message)
{
    if (__builtin_expect(message->msg_control != NULL && message->msg_controllen != 0, 0) &&
        sockets_item_is_plain(sockets_item(fd)) && guard_may_act())
        each_passed(message, holders_note_sent);
}

#endif
