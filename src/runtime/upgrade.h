/*
 * An AF_INET6 socket in the place of the program's AF_INET socket, under the same numbers, when IPv6 is needed through
 * it: never before. Everything that the program set is set again.
 *
 * Async-signal-safe: signals are blocked meanwhile. Results are 0 or -errno; errno kept.
 */
#ifndef V6SHIM_RUNTIME_UPGRADE_H
#define V6SHIM_RUNTIME_UPGRADE_H

#include "core/address.h"

/*
 * Makes `fd` an AF_INET6 socket that also does IPv4 (not V6ONLY). 0 where it is one already, whoever made it.
 *
 * -EAFNOSUPPORT   not TCP or UDP, or the kernel has no IPv6
 * -EADDRNOTAVAIL  bound to one IPv4 address: it stays on that
 * -EISCONN        a TCP socket that is not closed: no longer ours to change
 * other           something that the program set can't be carried over (said once in the log); IPv4 goes on
 */
int upgrade_socket(int fd);

/* As upgrade_socket, and leaves it unbound: the caller binds it to an IPv6 address. */
int upgrade_for_bind(int fd);

/*
 * After a connection was made over IPv4 on an upgraded TCP socket: makes it a true AF_INET socket again, so that
 * nothing needs translation any more. Where the kernel refuses, nothing changes.
 */
void upgrade_undo_when_ipv4(int fd);

#endif
