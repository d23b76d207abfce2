/*
 * What the log says of servers: which port serves IPv6 too (level info), which one does not though it was bound to
 * 0.0.0.0, and why (warning; libv6shim(7), TROUBLESHOOTING, has the remedies), and whom they accepted (debug). The
 * trace is told all of it.
 *
 * bind() decides, but a TCP socket is a server with listen() only: what became of IPv6 is kept in the socket's record
 * until then. Async-signal-safe, no lock, errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_SERVER_LOG_H
#define V6SHIM_PRELOAD_UPGRADE_SERVER_LOG_H

#include <netinet/in.h>

#include "preload/peers/view.h"
#include "preload/socket/sockets.h"
#include "preload/upgrade/upgrade.h"

/* A socket was bound to 0.0.0.0 and to IPv4 alone: the upgrade ended at this step with this errno. */
void server_log_keep(struct socket_record *record, enum upgrade_step step, int error);

/* listen() has succeeded, and is not on record yet (bind_note_listening()): the first one of a socket is told. */
void server_log_listening(int fd);

/* A UDP socket was bound to the wildcard and this port; one that the kernel chose is most often a client's, and told
   at the level debug alone. */
void server_log_bound(int fd, uint16_t port);

/* Wildcards and addresses that are IPv4's on purpose, level debug: `why` is the end of a sentence. */
void server_log_left_alone(int fd, const struct ip_address *address, uint16_t port, const char *why);

/* The IPv6 side of a port was given back to the program, which binds it itself: level info. */
void server_log_given_back(in_port_t port);

/* A UDP socket has received a datagram; of those from one place in a row the first is told. As below. */
void server_log_received(int fd, const struct sockaddr_storage *peer, view *shown_as);

/* An accepted connection, its peer, and what makes of that the address that the program sees (NULL: its own form).
   Level debug, and in the trace. */
void server_log_accepted(int fd, const struct sockaddr_storage *peer, view *shown_as);

#endif
