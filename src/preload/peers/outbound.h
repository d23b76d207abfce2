/*
 * The program's view of destinations that we reach in another way than it believes: over IPv6 through NAT64, or as
 * the user redirects it. Only of what this process connected or sent to itself: a peer that came in is never shown as
 * the IPv4 address inside (promise 2). Each mark ends with the connection that it is about: the kernel is asked who
 * the peer of a UDP socket is, and a datagram that was sent counts for its own socket, for five minutes (RFC 6146
 * section 4, UDP_DEFAULT: what a translator keeps a session for).
 *
 * Lock-free, async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_PEERS_OUTBOUND_H
#define V6SHIM_PRELOAD_PEERS_OUTBOUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/address/address.h"

/* The IPv4 address that the program knows for an IPv6 address which we connect to. */
bool outbound_recover(const struct ip_address *address, struct in_addr *shown);

/* A datagram was sent from this socket to this address on the program's behalf: answers that come to it from there
   may be shown, for as long as a translator keeps the way for them open. */
void outbound_note(int fd, struct in_addr asked);
/* Whether that has ever been done. */
extern atomic_bool outbound_any;

/* The peer of a socket that we connected: an address that stands for an IPv4 one becomes that, in its mapped form. */
void outbound_show_peer(struct sockaddr_storage *full);
/* The same for the source of a datagram that came to this socket, where it is the peer that we connected the socket
   to (SOCKET_TRANSLATED), or answers a datagram that we sent from it. */
void outbound_show_source(int fd, struct sockaddr_storage *full);

#endif
