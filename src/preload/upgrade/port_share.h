/*
 * One port for two sockets of this process, for the moment in which the second one takes the place of the first.
 *
 * No other user of the machine can have the port in that moment: both sockets have SO_REUSEPORT, for which the kernel
 * asks that their owners be the same (socket(7)). With SO_REUSEADDR on both, a third UDP socket, or a TCP socket that
 * doesn't listen, of whatever user could be bound beside them and stay there.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_PORT_SHARE_H
#define V6SHIM_PRELOAD_UPGRADE_PORT_SHARE_H

#include <sys/socket.h>

/* What the two had before. */
struct port_share {
    int holder, socket;
    int holder_port, socket_port, socket_address; /* SO_REUSEPORT of both, SO_REUSEADDR of the second; -errno */
};

/*
 * From here on `socket`, not yet bound, may be bound to the port of `holder`, and listen beside it. Where the kernel
 * has no SO_REUSEPORT (before Linux 3.9), bind() says EADDRINUSE.
 */
void port_share_begin(struct port_share *share, int holder, int socket);

/* bind() of the second one. 0 or -errno: -EADDRINUSE where it is another user's (root has given up its rights since
   the first was made, say). */
int port_share_bind(const struct port_share *share, const struct sockaddr *address, socklen_t length);

/* Both are again as they were. A port that both have is kept by both. */
void port_share_end(const struct port_share *share);

#endif
