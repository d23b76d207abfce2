/*
 * The program's view of destinations that we reach in another way than it believes: over IPv6 through NAT64, or as
 * the user redirects it. Only of what this process connected or sent to itself: a peer that came in is never shown as
 * the IPv4 address inside (promise 2).
 *
 * Lock-free, async-signal-safe, no system call.
 */
#ifndef V6SHIM_RUNTIME_OUTBOUND_H
#define V6SHIM_RUNTIME_OUTBOUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/address.h"

/* The IPv4 address that the program knows for an IPv6 address which we connect to. */
bool outbound_recover(const struct ip_address *address, struct in_addr *shown);

/* A datagram was sent to this address on the program's behalf: answers from it may be shown. */
void outbound_note(struct in_addr asked);
/* Whether that has ever been done. */
extern atomic_bool outbound_any;

/* The peer of a socket that we connected: an address that stands for an IPv4 one becomes that, in its mapped form. */
void outbound_show_peer(struct sockaddr_storage *full);
/* The same for the source of a datagram, where it answers one that we sent. */
void outbound_show_source(struct sockaddr_storage *full);

#endif
