/*
 * Which loopback UDP peers are on ::1. The program is shown 127.0.0.1 for them and answers there; the port tells
 * which of the two it means. So a port belongs to ::1 only while nobody else is to be reached at 127.0.0.1 with it
 * (loopback_twin.h), which the kernel is asked again after a second, and an IPv4 datagram ends it: no other program
 * can draw away by a datagram from ::1 what is meant for a server on 127.0.0.1. Lock-free, async-signal-safe; errno
 * kept.
 */
#ifndef V6SHIM_RUNTIME_LOOPBACK_PEERS_H
#define V6SHIM_RUNTIME_LOOPBACK_PEERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A datagram came to `fd` from this address. True: from ::1, and the port is that one's. */
bool loopback_peers_note(int fd, const struct sockaddr_storage *source, socklen_t length);
/* Whether what `fd` sends to 127.0.0.1 with this port is meant for ::1. */
bool loopback_peers_is_ipv6(int fd, uint16_t port);

#endif
