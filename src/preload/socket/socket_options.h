/*
 * The options that the program set on a socket, kept so that they can be set on another one. Reading values back from
 * the kernel instead would not do: SO_RCVBUF reads as twice what was set, memberships can't be read at all.
 *
 * An option of level IPPROTO_IP on a socket that stands on AF_INET6 governs IPv4 packets only, so its IPv6 twin (RFC
 * 3493 section 5, RFC 3542) is set beside it.
 *
 * Async-signal-safe, no lock.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_SOCKET_OPTIONS_H
#define V6SHIM_PRELOAD_SOCKET_SOCKET_OPTIONS_H

#include "preload/socket/sockets.h"

/* Longest value kept; a longer one makes the socket unreplayable. */
#define SOCKET_OPTION_SIZE 40

/*
 * setsockopt() on an AF_INET6 socket, and on both families where the option has a twin. The result is that of the
 * option as the program named it, 0 or -errno: the twin is an extra that the program doesn't know of, and where the
 * kernel refuses it the IPv4 half stands.
 */
int socket_options_set(int fd, int level, int name, const void *value, socklen_t length);

/* What the program set last, as it gave it; false where it has not, or that isn't kept. `length` is the room, then
   the size of the value. */
bool socket_options_recall(int fd, int level, int name, void *value, socklen_t *length);

/* Gives back the options of a record that is going. */
void socket_options_free(struct socket_record *record);

#endif
