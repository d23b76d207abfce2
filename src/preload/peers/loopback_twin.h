/*
 * A peer on ::1 is shown as 127.0.0.1, since both are this very host. Somebody else may be live on 127.0.0.1 with the
 * same port, whom the program could then not tell from it: the kernel is asked for that one (sock_diag(7)).
 *
 * Async-signal-safe, no lock; four system calls, and a descriptor for a moment; errno kept.
 */
#ifndef V6SHIM_PRELOAD_PEERS_LOOPBACK_TWIN_H
#define V6SHIM_PRELOAD_PEERS_LOOPBACK_TWIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "preload/peers/view.h"

/*
 * Whether a datagram from this host to 127.0.0.1 with the port `peer_port` would reach another socket than one to ::1
 * would, when it comes from the port of the UDP socket `fd`. False where the kernel doesn't tell.
 */
bool loopback_twin_hears(int fd, uint16_t peer_port);

/*
 * How the peer of a TCP connection is to be shown. `fd` is the connection, or the listener that it came to; `peer` is
 * what the kernel says. view_of; or view_of_twin, where the peer is on ::1 and there is a connection from 127.0.0.1
 * with its port to ours, too.
 */
view *loopback_twin_view(int fd, const struct sockaddr_storage *peer);

#endif
