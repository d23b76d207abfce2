/* Makes connect() and send() of a sendto() with MSG_FASTOPEN; called by preload/datagram/messages.c. */
#include "preload/datagram/fast_open.h"

#include <errno.h>
#include <netinet/in.h>

#include "preload/connect/connection.h"
#include "preload/connect/destinations.h"
#include "preload/datagram/messages.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

bool fast_open_concerns(int fd, const struct msghdr *message, int flags)
{
    struct sockaddr_in asked;
    return (flags & MSG_FASTOPEN) != 0 && sockets_has(fd, SOCKET_STREAM) &&
           messages_read_destination(message->msg_name, message->msg_namelen, &asked) &&
           asked.sin_family == AF_INET && (destinations_concern(asked.sin_addr) || sockets_has(fd, SOCKET_UPGRADED));
}

/* A call that may not wait, on a socket that may: it gets one attempt, which is IPv4 where the name has that. False
   where it hasn't, or the socket stands on AF_INET6. Not inline: the list is large, and gone where it isn't used. */
__attribute__((noinline)) static bool send_over_ipv4(int fd, const struct msghdr *message, int flags,
                                                     const struct sockaddr_in *asked, ssize_t *sent)
{
    struct destinations destinations;
    struct sockaddr_in ipv4 = *asked;
    struct msghdr native = *message;
    if (sockets_has(fd, SOCKET_UPGRADED) || !destinations_find(asked->sin_addr, &destinations) ||
        !destinations_ipv4(&destinations, &ipv4.sin_addr))
        return false;
    native.msg_name = &ipv4;
    native.msg_namelen = sizeof ipv4;
    *sent = REAL(sendmsg)(fd, &native, flags);
    return true;
}

ssize_t fast_open_send(int fd, const struct msghdr *message, int flags)
{
    struct sockaddr_in asked;
    ssize_t sent;
    messages_read_destination(message->msg_name, message->msg_namelen, &asked);
    if ((flags & MSG_DONTWAIT) != 0 && !kernel_is_nonblocking(fd) &&
        send_over_ipv4(fd, message, flags, &asked, &sent))
        return sent;
    int result =
        destinations_concern(asked.sin_addr) ? connection_make(fd, &asked) : connection_make_mapped(fd, &asked);
    if (result < 0) {
        errno = -result;
        return -1;
    }
    struct msghdr nameless = *message;
    nameless.msg_name = NULL;
    nameless.msg_namelen = 0;
    return REAL(sendmsg)(fd, &nameless, flags & ~MSG_FASTOPEN);
}
