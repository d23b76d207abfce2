/*
 * bind() to an IPv4 address as the program knows it. Async-signal-safe, no lock; 0 or -errno, errno kept.
 */
#ifndef V6SHIM_RUNTIME_BINDING_H
#define V6SHIM_RUNTIME_BINDING_H

#include <netinet/in.h>

/*
 * An alias: the socket is upgraded and bound to the IPv6 address behind it; -EADDRNOTAVAIL where there is none. The
 * wildcard on an upgraded socket: the wildcard of both families. Any other IPv4 address stays what it is (RFC 6535
 * section 2.1: an explicit bind is not changed), and fixes the socket to IPv4.
 */
int binding_make(int fd, const struct sockaddr_in *wanted);

#endif
