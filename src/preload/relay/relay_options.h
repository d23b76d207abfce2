/*
 * Options of a connection that is relayed. Those of SOL_SOCKET the local socket takes as well. Those of TCP and IP
 * would be the network's socket's, which the relay has: the program is told that they are set, and reads what it set.
 * What it set before the relay began is in force.
 *
 * Async-signal-safe; errno kept. Results are 0 or -errno.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_OPTIONS_H
#define V6SHIM_PRELOAD_RELAY_RELAY_OPTIONS_H

#include <sys/socket.h>

int relay_options_set(int fd, int level, int name, const void *value, socklen_t length);

/* `value` and `length` can be written. SO_DOMAIN and SO_PROTOCOL are of the socket that the program made. */
int relay_options_get(int fd, int level, int name, void *value, socklen_t *length);

#endif
