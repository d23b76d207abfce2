/*
 * MSG_FASTOPEN: sendto() and its kin on a TCP socket that isn't connected, which connect it and send (RFC 7413). One
 * call to the kernel can't try several addresses, so where there are any to try it is made of two, connect() and a
 * send(): what the kernel itself does with a host whose cookie it hasn't got.
 *
 * Async-signal-safe, no lock is held while waiting.
 */
#ifndef V6SHIM_PRELOAD_DATAGRAM_FAST_OPEN_H
#define V6SHIM_PRELOAD_DATAGRAM_FAST_OPEN_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether this call is one of those, to an address that concerns us (or on a socket that stands on AF_INET6). */
bool fast_open_concerns(int fd, const struct msghdr *message, int flags);

/* sendmsg() then, with its results and its errno: a socket that doesn't wait gets EINPROGRESS, with nothing sent. */
ssize_t fast_open_send(int fd, const struct msghdr *message, int flags);

#endif
