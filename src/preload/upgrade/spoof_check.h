/*
 * Forged datagrams on sockets that don't have our filter (preload/upgrade/forgery.h): ones that were inherited, ones
 * for which there was none left, ones whose filter the program attached itself.
 *
 * With IP_PKTINFO set, the kernel adds that control message to IPv4 packets only. A datagram from an IPv4-mapped
 * source without it is a forged IPv6 packet, also where it had arrived before IP_PKTINFO was set. Forged ones are
 * thrown away where the program receives, and before it is told that there is something to receive.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_SPOOF_CHECK_H
#define V6SHIM_PRELOAD_UPGRADE_SPOOF_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "preload/base/hook.h"
#include "preload/socket/sockets.h"

/* Room for the control messages of a datagram, where the program has asked for none. */
#define SPOOF_CHECK_CONTROL_SIZE 512

/* Whether there is, or was, any such socket. */
extern atomic_bool spoof_check_any NEARBY;

/* Whether this is one, as far as is known: two loads where there is none. */
static inline bool spoof_check_is_known_needed(int fd)
{
    return atomic_load_explicit(&spoof_check_any, memory_order_relaxed) &&
           (sockets_is_inherited(fd) || sockets_has(fd, SOCKET_PROVEN));
}

/*
 * Whether what is received here needs proof; it can be had from then on. A descriptor that we have not seen before is
 * looked at once (four system calls). `room` and `caller` as in view.h.
 */
bool spoof_check_is_needed(int fd, socklen_t room, const void *caller);

/* The UDP socket `fd`, of this record, needs proof from now on. False where the kernel does not give any (a sandbox):
   all that comes over IPv4 would be taken for forged, and nothing is asked of it. */
bool spoof_check_begin(int fd, struct socket_record *record);

/*
 * The program sets IP_PKTINFO on a socket that needs it for the proof: what it wants is noted. False for other
 * sockets.
 */
bool spoof_check_takes_option(int fd, const void *value, socklen_t length);

/* Whether the program wants to see IP_PKTINFO. */
bool spoof_check_is_visible(int fd);

/*
 * recvmsg() on such a socket, with room of ours for the whole address and for control messages: forged datagrams are
 * passed over, and taken out of the queue where MSG_PEEK would leave them in. A call that waits goes on waiting, not
 * longer than SO_RCVTIMEO says.
 */
ssize_t spoof_check_receive_message(int fd, struct msghdr *native, int flags);

/* recvfrom() in the same way. */
ssize_t spoof_check_receive(int fd, void *data, size_t size, int flags, struct sockaddr_storage *source,
                            socklen_t *source_length);

/* Of such a socket, which is said to be readable: whether the program would find anything there. Forged datagrams at
   the head of the queue are thrown away. */
bool spoof_check_leaves_something(int fd);

#endif
