/* What the hooks of recvmsg() and recvmmsg() do, for those of the same functions' other names (time64.c). */
#ifndef V6SHIM_PRELOAD_HOOKS_RECEIVE_H
#define V6SHIM_PRELOAD_HOOKS_RECEIVE_H

#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "preload/base/ready.h"
#include "preload/peers/impostor.h"
#include "preload/socket/sockets.h"

/*
 * How a reception begins. Sockets of IPv4 that were made ready to be waited for are of two kinds: one of UDP may be
 * exchanged, by another thread's datagram, while this thread sleeps there.
 */
enum way {
    LEFT_ALONE,
    MAY_BE_EXCHANGED,
    LOOKED_AT,
};

static inline enum way way_of(int fd, bool with_address)
{
    if (!is_ready())
        return LOOKED_AT;
    uint32_t item = sockets_item(fd);
    if (sockets_item_is_plain(item))
        return item != 0 || !with_address ? LEFT_ALONE : LOOKED_AT;
    if (!sockets_item_is_record(item))
        return LOOKED_AT;
    uint32_t flags = sockets_item_flags(item);
    if ((flags & SOCKET_STREAM) != 0)
        return (flags & SOCKET_UPGRADED) != 0 && with_address ? LOOKED_AT : LEFT_ALONE;
    return (flags & (SOCKET_UPGRADED | SOCKET_FRESH)) == 0 ? MAY_BE_EXCHANGED : LOOKED_AT;
}

/* After a reception that nothing was translated of. Descriptors that came with it: what stood under their numbers
   before says nothing of them. Both give back `received`. */
ssize_t receive_look_at_message(struct msghdr *message, ssize_t received);
int receive_look_at_messages(struct mmsghdr *messages, int received);

static inline bool receive_is_looked_at(const struct msghdr *message)
{
    return message->msg_control != NULL || impostor_may_be(message->msg_name, message->msg_namelen);
}

static inline ssize_t receive_note_plain(struct msghdr *message, ssize_t received)
{
    return __builtin_expect(received >= 0, 1) && receive_is_looked_at(message)
               ? receive_look_at_message(message, received)
               : received;
}

static inline int receive_note_all_plain(struct mmsghdr *messages, int received)
{
    for (int i = 0; i < received; i++)
        if (receive_is_looked_at(&messages[i].msg_hdr))
            return receive_look_at_messages(messages, received);
    return received;
}

/* All that their fast paths leave open. */
ssize_t receive_message(int fd, struct msghdr *message, int flags, const void *caller);
int receive_messages(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout,
                     const void *caller);

#endif
