/*
 * For which descriptors a program is shown IPv4 addresses (view.h): those that it takes for AF_INET.
 * Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_SHAPE_H
#define V6SHIM_PRELOAD_UPGRADE_SHAPE_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether the program takes this descriptor for an AF_INET socket, when the kernel says it is AF_INET6. Known where
 * we saw the socket being made, or another program's shim has marked it (adoption.h); else the setting `shape` says.
 * With `auto`, a process that speaks IPv6 gets the native shape; in another one, room for less than a sockaddr_in6
 * marks a caller that only knows IPv4, and with more room (or none: 0) the imports of the object decide that
 * `caller`, the return address of the hook, is part of.
 */
bool shape_is_ipv4(int fd, socklen_t room, const void *caller);

#endif
