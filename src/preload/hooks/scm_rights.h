/* Descriptors that are passed in control messages (SCM_RIGHTS). */
#ifndef V6SHIM_PRELOAD_HOOKS_SCM_RIGHTS_H
#define V6SHIM_PRELOAD_HOOKS_SCM_RIGHTS_H

#include <sys/socket.h>

#include "preload/base/control_list.h"
#include "preload/base/guard.h"
#include "preload/socket/holders.h"
#include "preload/socket/sockets.h"

/* Calls `act` for each descriptor in the control messages, which are as the program gave them. */
static inline void scm_rights_each(const struct msghdr *message, void (*act)(int fd))
{
    if (control_list_is_valid(message))
        control_list_each_descriptor(message, act);
}

/* After the kernel has taken a message, through a socket that is none of IPv4: others have what it carries from now
 * on.
 */
static inline void scm_rights_note_sent(int fd, const struct msghdr *message)
{
    if (__builtin_expect(message->msg_control != NULL && message->msg_controllen != 0, 0) &&
        sockets_item_is_plain(sockets_item(fd)) && guard_may_act())
        scm_rights_each(message, holders_note_sent);
}

#endif
