/*
 * Whose addresses the two ends of a relay stand for. They are read from the names of the ends
 * (core/relay/relay_name.h), so that another program which is given the socket sees the same. Anybody can give a
 * socket such a name: it counts only where this process has made the pair, or its user or root has (SO_PEERCRED).
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_ADDRESS_H
#define V6SHIM_PRELOAD_RELAY_RELAY_ADDRESS_H

#include "core/relay/relay_name.h"

/* Names both ends, with the same number, by which v6shim status finds the one to the other. 0 or -errno. */
int relay_address_give(int program, int relay, const struct sockaddr_storage *own,
                       const struct sockaddr_storage *peer);

/* After getsockname() (RELAY_OWN) or getpeername() (RELAY_PEER) of a number: where what it gave is the name of a
   relay's end, the IPv6 address takes its place. False, and nothing is changed, for any other. */
bool relay_address_show(int fd, enum relay_side side, struct sockaddr_storage *full, socklen_t *length);

/* Whether a number is the program's end of a relay. Up to three system calls. */
bool relay_address_is(int fd);

#endif
