/* Addresses that sockets give: whose they are, and how much room the program has for them. */
#include <errno.h>

#include "check/observer/next.h"
#include "check/observer/origins.h"
#include "check/observer/report.h"
#include "preload/system/time64.h"

/* The room that was there before the call, 0 where no address was wanted. */
static socklen_t room_of(const struct sockaddr *address, const socklen_t *length)
{
    return address != NULL && length != NULL && tell_wanted() ? *length : 0;
}

/* What the call gave into that room; it may be the beginning of something longer. */
static void take(const char *call, enum origin_kind kind, int fd, const struct sockaddr *address, socklen_t room,
                 socklen_t length, const void *caller)
{
    struct ip_address given;
    if (room < sizeof(struct sockaddr_in) || length < sizeof address->sa_family ||
        (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return;
    int saved = errno;
    struct observation observation = observation_of(call);
    observation.fd = fd;
    observation.family = address->sa_family;
    observation.room = room < sizeof(struct sockaddr_in6) ? (int)room : OBSERVATION_NONE;
    tell(&observation, caller);
    struct origin origin = origin_make(kind, call, NULL);
    origin.either_family = true;
    if (address_from_sockaddr(address, length < room ? length : room, &given, NULL))
        origins_note_new(&given, &origin);
    errno = saved;
}

EXPORT int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    socklen_t room = room_of(address, length);
    int accepted = ON_BEHALF_OF(CALLER, NEXT(accept)(fd, address, length));
    if (accepted >= 0 && room > 0)
        take("accept", ORIGIN_PEER, accepted, address, room, *length, CALLER);
    return accepted;
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
    socklen_t room = room_of(address, length);
    int accepted = ON_BEHALF_OF(CALLER, NEXT(accept4)(fd, address, length, flags));
    if (accepted >= 0 && room > 0)
        take("accept4", ORIGIN_PEER, accepted, address, room, *length, CALLER);
    return accepted;
}

EXPORT int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    socklen_t room = room_of(address, length);
    int result = ON_BEHALF_OF(CALLER, NEXT(getpeername)(fd, address, length));
    if (result == 0 && room > 0)
        take("getpeername", ORIGIN_PEER, fd, address, room, *length, CALLER);
    return result;
}

EXPORT int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    socklen_t room = room_of(address, length);
    int result = ON_BEHALF_OF(CALLER, NEXT(getsockname)(fd, address, length));
    if (result == 0 && room > 0)
        take("getsockname", ORIGIN_LOCAL, fd, address, room, *length, CALLER);
    return result;
}

EXPORT ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, struct sockaddr *restrict address,
                        socklen_t *restrict length)
{
    socklen_t room = room_of(address, length);
    ssize_t received = ON_BEHALF_OF(CALLER, NEXT(recvfrom)(fd, data, size, flags, address, length));
    if (received >= 0 && room > 0)
        take("recvfrom", ORIGIN_PEER, fd, address, room, *length, CALLER);
    return received;
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict data, size_t size, size_t data_size, int flags,
                              struct sockaddr *restrict address, socklen_t *restrict length)
{
    socklen_t room = room_of(address, length);
    ssize_t received = ON_BEHALF_OF(CALLER, NEXT(__recvfrom_chk)(fd, data, size, data_size, flags, address, length));
    if (received >= 0 && room > 0)
        take("recvfrom", ORIGIN_PEER, fd, address, room, *length, CALLER);
    return received;
}

static socklen_t room_of_message(const struct msghdr *message)
{
    return message != NULL ? room_of(message->msg_name, &message->msg_namelen) : 0;
}

static ssize_t take_message(int fd, const struct msghdr *message, socklen_t room, ssize_t received,
                            const void *caller)
{
    if (received >= 0 && room > 0)
        take("recvmsg", ORIGIN_PEER, fd, message->msg_name, room, message->msg_namelen, caller);
    return received;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    socklen_t room = room_of_message(message);
    return take_message(fd, message, room, ON_BEHALF_OF(CALLER, NEXT(recvmsg)(fd, message, flags)), CALLER);
}

static socklen_t room_of_first(const struct mmsghdr *messages, unsigned count)
{
    return messages != NULL && count > 0 ? room_of_message(&messages[0].msg_hdr) : 0;
}

static int take_messages(int fd, const struct mmsghdr *messages, socklen_t room, int received, const void *caller)
{
    for (int i = 0; i < received && room > 0; i++) { /* all have the room of the first, or something odd goes on */
        const struct msghdr *message = &messages[i].msg_hdr;
        if (message->msg_name != NULL && message->msg_namelen <= room)
            take("recvmmsg", ORIGIN_PEER, fd, message->msg_name, room, message->msg_namelen, caller);
    }
    return received;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    socklen_t room = room_of_first(messages, count);
    return take_messages(fd, messages, room,
                         ON_BEHALF_OF(CALLER, NEXT(recvmmsg)(fd, messages, count, flags, timeout)), CALLER);
}

#if TIME64_NAMES
/* What is received with times of 64 bits is another's to receive, and the same to us. */
EXPORT ssize_t __recvmsg64(int fd, struct msghdr *message, int flags);
EXPORT int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags, struct time64_timespec *timeout);

ssize_t __recvmsg64(int fd, struct msghdr *message, int flags)
{
    socklen_t room = room_of_message(message);
    return take_message(fd, message, room, ON_BEHALF_OF(CALLER, REAL_TIME64(__recvmsg64)(fd, message, flags)),
                        CALLER);
}

int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags, struct time64_timespec *timeout)
{
    socklen_t room = room_of_first(messages, count);
    return take_messages(fd, messages, room,
                         ON_BEHALF_OF(CALLER, REAL_TIME64(__recvmmsg64)(fd, messages, count, flags, timeout)),
                         CALLER);
}
#endif
