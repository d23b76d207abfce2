/*
 * Datagrams with addresses, in the program's view: where they are sent, and where they came from.
 *
 * Async-signal-safe; no lock is held while waiting. The functions that send and receive behave as the calls whose
 * names they carry, errno included.
 */
#ifndef V6SHIM_PRELOAD_DATAGRAM_MESSAGES_H
#define V6SHIM_PRELOAD_DATAGRAM_MESSAGES_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "preload/alias/aliases.h"
#include "preload/base/fast_path.h"
#include "preload/base/pointer.h"
#include "preload/datagram/control.h"
#include "preload/peers/return_path.h"
#include "preload/resolve/redirect.h"
#include "preload/resolve/resolve.h"
#include "preload/socket/sockets.h"

/* The IPv4 address that a datagram is sent to. As the kernel does it, no family at all is taken for AF_INET. */
static inline bool messages_read_destination(const void *address, socklen_t length, struct sockaddr_in *destination)
{
    return pointer_read_ipv4(address, length, destination) &&
           (destination->sin_family == AF_INET || destination->sin_family == AF_UNSPEC);
}

/* Whether a destination needs us: an alias, or any IPv4 address on a socket that stands on AF_INET6. */
bool messages_concern(int fd, const void *address, socklen_t length);

/* Guesses at the same, without a call: false only where nothing about it is to be looked at. Of the socket, and with
   the address. */
static inline bool messages_may_concern_socket(int fd)
{
    uint32_t item = sockets_item(fd);
    if (sockets_item_is_plain(item))
        return false;
    return !sockets_item_is_record(item) || resolve_has_shown_alias() || return_path_may_concern() ||
           sockets_item_has(item, SOCKET_UPGRADED | SOCKET_RACING);
}

__attribute__((always_inline)) static inline bool messages_may_concern(int fd, const void *address, socklen_t length)
{
    return !fast_path_is_ordinary(address, length) || messages_may_concern_socket(fd);
}

/* The same of a destination that has been read, which it may take a call to do; `destination` NULL: none of IPv4. */
static inline bool messages_may_concern_destination(int fd, const struct sockaddr_in *destination)
{
    return destination != NULL && (fast_path_may_concern(destination->sin_addr) || messages_may_concern_socket(fd));
}

/* A failure that says only that there is no way to this one address, at once and without a packet. */
static inline bool messages_is_without_route(int error)
{
    return error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* sendmsg() to an address that concerns us (see above). */
ssize_t messages_send(int fd, const struct msghdr *message, int flags);

/* After sendmsg() to any address has failed with ENETUNREACH: sends it through NAT64, where the network has it, else
   errno is again that. Whatever else it was called for stays as it was: call it with the kernel's result. */
ssize_t messages_send_without_route(int fd, const struct msghdr *message, int flags);

/* After a call has received an address into `full`: hands it to the program in its shape. */
void messages_hand_out_source(int fd, struct sockaddr_storage *full, socklen_t full_length, struct sockaddr *address,
                              socklen_t *length, const void *caller);

/*
 * The program is about to wait for datagrams on this socket for the first time (SOCKET_FRESH): one thread may sleep
 * there while another one sends, and it would sleep on when another socket takes the place of this one. So in a
 * process that has been given an alias the exchange is made now, if the socket has no port yet.
 */
void messages_prepare_to_wait(int fd);

/* Whether anything that is received on this descriptor may have to be translated. No system call. */
static inline bool messages_may_need_translation(int fd)
{
    return sockets_may_translate(fd);
}

/*
 * Receiving with room of our own in the place of the program's: prepare, call the real function with `native`, finish
 * with its result (nothing to be done where it failed).
 */
struct messages_reception {
    struct msghdr native;
    struct sockaddr_storage source;
    bool translate;
    bool proven; /* what comes needs the spoof check */
    const void *caller;
    char control[] __attribute__((aligned(__alignof__(struct cmsghdr))));
};

/* Bytes that a reception with so much room for control messages takes. */
#define MESSAGES_RECEPTION_SIZE(control_room) \
    ((sizeof(struct messages_reception) + (control_room) + CONTROL_EXTRA_SIZE + 15) / 16 * 16)

void messages_prepare(int fd, const struct msghdr *message, struct messages_reception *reception, size_t control_room,
                      const void *caller);
/* Descriptors that came with the message are new to the tables. */
void messages_finish(int fd, struct msghdr *message, struct messages_reception *reception);

/* All of it, for one message; forged ones are passed over. */
ssize_t messages_receive(int fd, struct msghdr *message, struct messages_reception *reception, size_t control_room,
                         int flags, const void *caller);

#endif
