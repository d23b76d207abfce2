/*
 * connect() to an address that concerns the shim: over IPv6 where it stands for an IPv6 address, and to every further
 * address of its name until one works.
 *
 * Async-signal-safe; no lock is held while waiting. Results are 0 or -errno; errno kept.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_CONNECTION_H
#define V6SHIM_PRELOAD_CONNECT_CONNECTION_H

#include <netinet/in.h>

#include "core/address/address.h"

/*
 * Connects `fd` to what `asked` stands for. As connect(): blocks only where the program did not ask it not to;
 * -EINPROGRESS, -EINTR, -EALREADY, -EISCONN mean what they mean on one socket. When all candidates fail, the most
 * telling error is the result. An alias that nobody was given is -ENETUNREACH, and no packet is sent.
 */
int connection_make(int fd, const struct sockaddr_in *asked);

/* connect() of a UDP socket back to a peer that came over IPv6 (preload/peers/return_path.h); -ENETUNREACH where it
 * stays with IPv4. */
int connection_make_back(int fd, const struct ip_address *peer, uint16_t port);

/* connect() to AF_UNSPEC, on any socket. */
int connection_dissolve(int fd, const struct sockaddr *nowhere, socklen_t length);

/* connect() to a plain IPv4 address on a socket that was upgraded before. */
int connection_make_mapped(int fd, const struct sockaddr_in *asked);

/* connect() to an IPv4 address for which the kernel has no route: through NAT64, where the network has it, else
   -ENETUNREACH. A socket that may block waits until the network's prefix is known; one that doesn't wait is on its
   way meanwhile, where it is one of TCP, else it waits briefly. */
int connection_translate(int fd, const struct sockaddr_in *asked);

#endif
