/*
 * One attempt of a race: a socket like the program's, for one candidate, connecting without blocking.
 *
 * Async-signal-safe. Sockets are moved to high numbers at once, so that the program finds the lowest number free
 * when it makes a descriptor of its own.
 */
#ifndef V6SHIM_RUNTIME_ATTEMPTS_H
#define V6SHIM_RUNTIME_ATTEMPTS_H

#include "core/address.h"
#include "runtime/sockets.h"

/*
 * Starts to connect to `candidate`. The socket, with the options of the record set on it, goes to *socket. Returns 0
 * where it is connected, -EINPROGRESS where it is under way, else -errno, and *socket is -1.
 */
int attempts_start(const struct socket_record *record, const struct ip_address *candidate, uint16_t port,
                   int *socket);

/* What became of an attempt that poll() reported: 0 connected, -EINPROGRESS still under way, else -errno. */
int attempts_result(int socket);

/* A TCP socket like the program's, of that family, not blocking, at a high number. Or -errno. */
int attempts_make(const struct socket_record *record, sa_family_t family);
/* A duplicate of a descriptor, at a high number. Or -errno. */
int attempts_copy_high(int fd);

/* Gives a descriptor of ours a high number; the old one is closed. The number it has then. */
int attempts_move_high(int fd);

#endif
