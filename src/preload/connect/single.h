/*
 * One attempt on the program's own socket, without a race: to an IPv4 address as it is, to an IPv6 address once an
 * AF_INET6 socket stands in its place.
 *
 * Async-signal-safe; no lock is held while waiting. Results are 0 or -errno, as those of one connect().
 */
#ifndef V6SHIM_PRELOAD_CONNECT_SINGLE_H
#define V6SHIM_PRELOAD_CONNECT_SINGLE_H

#include <stdbool.h>

#include "core/address/address.h"

/* The kernel's connect() on the socket as it stands, which may sleep. */
int single_connect(int fd, const struct ip_address *address, uint16_t port);

/* Whether connect() has begun, or there is no further attempt to be made on the socket. */
bool single_is_underway(int result);

/* An attempt, which the trace shows. `limit_ms`: how long it may say nothing, PATIENCE_FOREVER for as long as the
   kernel waits. -ENETUNREACH where the socket stays with IPv4. */
int single_try(int fd, const struct ip_address *candidate, uint16_t port, int64_t limit_ms);

/* The same to an IPv6 address, of a socket that is on record as untouched (sockets_is_untouched), of which the kernel
   has not been asked anything yet. -ESTALE where it answers that the record isn't true: nothing has been done. */
int single_try_untouched(int fd, const struct ip_address *candidate, uint16_t port);

#endif
