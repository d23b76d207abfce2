/*
 * The program's view of addresses: what an IPv4-only program is shown of an IPv6 peer or of its own IPv6 address.
 *
 * Async-signal-safe. Promise 2: no peer reached over IPv6 is ever shown as an IPv4 address that somebody trusts.
 */
#ifndef V6SHIM_PRELOAD_PEERS_VIEW_H
#define V6SHIM_PRELOAD_PEERS_VIEW_H

#include <stdbool.h>
#include <sys/socket.h>

#include "core/address/address.h"

/*
 * The IPv4 address that stands for one that the kernel gave. Mapped -> IPv4 (an AF_INET6 TCP socket has real IPv4
 * peers under that form only; one that has an address of the alias pool is nobody, see impostor.h), :: -> 0.0.0.0,
 * ::1 -> 127.0.0.1 (the kernel drops packets with that source that did not come from this host), a client of a
 * translator that the administrator trusts -> its IPv4 address, all others -> their alias.
 */
typedef struct in_addr view(const struct ip_address *address);
struct in_addr view_of(const struct ip_address *address);

/* The same for a peer on ::1 that isn't alone with its port (preload/peers/loopback_twin.h): its alias. */
struct in_addr view_of_twin(const struct ip_address *address);

/* The same for an address of this host's own: one that stands in the place of an IPv4 address (listen-map) shows as
   that, as the program bound it. */
struct in_addr view_of_local(const struct ip_address *address);

/* As the kernel hands out addresses: as much as fits into *length bytes, and the full length into *length. NULL-safe.
 */
void view_copy_out(const void *full, socklen_t full_length, struct sockaddr *address, socklen_t *length);

/*
 * Hands out an address of a socket in the shape that the program expects. `full` is what the kernel gave. `shown_as`
 * is view_of or view_of_local; NULL: in its native shape. `address` and `length` as in getpeername(); both may be
 * NULL.
 */
void view_hand_out(const struct sockaddr_storage *full, socklen_t full_length, view *shown_as,
                   struct sockaddr *address, socklen_t *length);

#endif
