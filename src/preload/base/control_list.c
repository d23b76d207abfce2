/* Walks through control messages; called where messages are translated or checked. */
#include "preload/base/control_list.h"

#include <string.h>

#include "preload/base/pointer.h"

bool control_list_is_valid(const struct msghdr *message)
{
    struct msghdr copy = *message; /* CMSG_NXTHDR wants a pointer to what it only reads */
    if (!pointer_can_read(message->msg_control, message->msg_controllen))
        return false;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at != NULL; at = CMSG_NXTHDR(&copy, at)) {
        size_t room = message->msg_controllen - (size_t)((char *)at - (char *)message->msg_control);
        if (at->cmsg_len < CMSG_LEN(0) || at->cmsg_len > room)
            return false;
    }
    return true;
}

bool control_list_has(const struct msghdr *message, int level, int type)
{
    struct msghdr copy = *message;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&copy); at != NULL; at = CMSG_NXTHDR(&copy, at))
        if (at->cmsg_level == level && at->cmsg_type == type)
            return true;
    return false;
}

void control_list_each_descriptor(const struct msghdr *message, void (*act)(int fd))
{
    struct msghdr copy = *message;
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
