/*
 * Options of level IPPROTO_IP on a socket that stands on AF_INET6: each governs IPv4 packets only, so its IPv6 twin
 * (RFC 3493 section 5, RFC 3542) is set beside it. Async-signal-safe, no lock.
 */
#ifndef V6SHIM_RUNTIME_OPTION_TWINS_H
#define V6SHIM_RUNTIME_OPTION_TWINS_H

#include <sys/socket.h>

/*
 * setsockopt() on an AF_INET6 socket, and on both families where the option has a twin. The result is that of the
 * option as the program named it, 0 or -errno: the twin is an extra that the program doesn't know of, and where the
 * kernel refuses it the IPv4 half stands.
 */
int option_twins_set(int fd, int level, int name, const void *value, socklen_t length);

#endif
