/* Walks through control messages; called where messages are translated or checked. */
#include "preload/base/control_list.h"

#include <string.h>

#include "preload/base/pointer.h"

/* As the kernel walks: CMSG_NXTHDR() of older glibcs stops before a message that is longer than the room for it. */
bool control_list_is_valid(const struct msghdr *message)
{
    size_t size = message->msg_controllen;
    if (!pointer_can_read(message->msg_control, size))
        return false;
    for (size_t offset = 0; offset <= size && size - offset >= sizeof(struct cmsghdr);) {
        const struct cmsghdr *at = (const void *)((const char *)message->msg_control + offset);
        if (at->cmsg_len < CMSG_LEN(0) || at->cmsg_len > size - offset)
            return false;
        offset += CMSG_ALIGN(at->cmsg_len);
    }
    return true;
}

bool control_list_has(const struct msghdr *message, int level, int type)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = control_list_next(message, at))
        if (at->cmsg_level == level && at->cmsg_type == type)
            return true;
    return false;
}

void control_list_each_descriptor(const struct msghdr *message, void (*act)(int fd))
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = control_list_next(message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t offset = 0; offset + sizeof(int) <= at->cmsg_len - CMSG_LEN(0); offset += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(at) + offset, sizeof fd);
            act(fd);
        }
    }
}
