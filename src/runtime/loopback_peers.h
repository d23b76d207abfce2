/*
 * Which loopback UDP peers are on ::1. The program is shown 127.0.0.1 for them and answers there; the port tells
 * which of the two it means. Lock-free, async-signal-safe.
 */
#ifndef V6SHIM_RUNTIME_LOOPBACK_PEERS_H
#define V6SHIM_RUNTIME_LOOPBACK_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A datagram came from this address. True: from ::1. */
bool loopback_peers_note(const struct sockaddr_storage *source, socklen_t length);
/* Whether the latest datagram from this port of the loopback came over IPv6. */
bool loopback_peers_is_ipv6(uint16_t port);

#endif
