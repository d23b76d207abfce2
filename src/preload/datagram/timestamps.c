/* Appends times of 64 bits to control messages; called by preload/hooks/time64.c. */
#include "preload/datagram/timestamps.h"

#include <stdint.h>
#include <string.h>

#include "preload/base/control_list.h"
#include "preload/base/time64.h"

#if TIME64_NAMES && defined SO_TIMESTAMP_NEW
/* The type of the message that says the same with 64 bits; 0: this is no time of 32 bits. */
static int wide_type(const struct cmsghdr *message)
{
    if (message->cmsg_level != SOL_SOCKET || message->cmsg_len < CMSG_LEN(2 * sizeof(int32_t)))
        return 0;
    return message->cmsg_type == SO_TIMESTAMP_OLD     ? SO_TIMESTAMP_NEW
           : message->cmsg_type == SO_TIMESTAMPNS_OLD ? SO_TIMESTAMPNS_NEW
                                                      : 0;
}

void timestamps_add_time64(struct msghdr *message, size_t room)
{
    struct cmsghdr *at = message->msg_control != NULL ? CMSG_FIRSTHDR(message) : NULL;
    while (at != NULL && wide_type(at) == 0)
        at = control_list_next(message, at);
    if (at == NULL)
        return;
    int32_t narrow[2];
    memcpy(narrow, CMSG_DATA(at), sizeof narrow);
    int64_t wide[2] = {narrow[0], narrow[1]};
    size_t used = CMSG_ALIGN(message->msg_controllen);
    if (used > room || room - used < CMSG_SPACE(sizeof wide)) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    struct cmsghdr header = {.cmsg_level = SOL_SOCKET, .cmsg_type = wide_type(at), .cmsg_len = CMSG_LEN(sizeof wide)};
    char *end = (char *)message->msg_control + used;
    memcpy(end, &header, sizeof header);
    memcpy(end + CMSG_LEN(0), wide, sizeof wide);
    message->msg_controllen = used + CMSG_SPACE(sizeof wide);
}
#else
void timestamps_add_time64(struct msghdr *message, size_t room)
{
    (void)message;
    (void)room;
}
#endif
