/*
 * bind() to an IPv4 address as the program knows it. Async-signal-safe, no lock; 0 or -errno, errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_BIND_H
#define V6SHIM_PRELOAD_UPGRADE_BIND_H

#include <netinet/in.h>

#include "preload/socket/sockets.h"

/*
 * An alias: the IPv6 address behind it; -EADDRNOTAVAIL where there is none.
 *
 * The wildcard, in a program that doesn't speak IPv6: the wildcard of both families or of IPv6, as the setting
 * `listen` says, now rather than later, since privileges may be gone then. Where only the IPv6 side is taken by
 * another program, IPv4 goes on alone and the log says so.
 *
 * An address with another one in its place (listen-map): that one.
 *
 * Any other IPv4 address stays what it is (RFC 6535 section 2.1: an explicit bind is not changed), and fixes the
 * socket to IPv4.
 */
int bind_make(int fd, const struct sockaddr_in *wanted);

/*
 * The program is about to bind an IPv6 socket of its own. If one of the sockets that we have made dual holds that
 * port, it goes back to IPv4, so that the program finds both families as free as they would be without us.
 */
void bind_make_room(int fd, const struct sockaddr_in6 *wanted);

/*
 * The program is about to connect a UDP socket again that we have made dual. What it is connected to fixes its local
 * address to one family, so that the kernel would refuse a peer of the other one, or lose its replies: it is
 * disconnected, and keeps its port. Does nothing to other sockets.
 */
void bind_release_peer(int fd);

/* The socket is bound to the wildcard in the place of 0.0.0.0. */
void bind_note_wildcard(struct socket_record *record);

/* Before listen(): a TCP socket that was bound to nothing is given a port of the wildcard, as the kernel would give
   it one; so it serves both families too. */
void bind_prepare_listening(int fd);
/* listen() has succeeded. */
void bind_note_listening(int fd, int backlog);

#endif
