/*
 * Connections that a listening socket has accepted. Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_PEERS_ACCEPT_H
#define V6SHIM_PRELOAD_PEERS_ACCEPT_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether accepted peers of this listener can be of IPv6 while the program takes them for IPv4. No system call. */
bool accept_concerns(int listener);

/*
 * After a successful accept() of `fd` from `listener`, `peer` as the kernel gave it: notes what the new descriptor
 * is. An IPv4 peer of a dual listener, unless it has an address of the alias pool, gets a true AF_INET socket (one
 * system call), so that nothing needs translation; if it has already gone, addresses are translated. `ipv4_shape`:
 * the program was shown an IPv4 address. Of a listener that we have not seen being made nothing is remembered: the
 * next call may come from other code.
 */
void accept_note(int listener, int fd, const struct sockaddr_storage *peer, bool ipv4_shape);

#endif
