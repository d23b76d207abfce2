/*
 * An AF_INET6 socket in the place of the program's AF_INET socket, under the same numbers, when IPv6 is needed
 * through it: never before. Everything that the program set is set again.
 *
 * Async-signal-safe: signals are blocked meanwhile. Results are 0 or -errno; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_UPGRADE_H
#define V6SHIM_PRELOAD_UPGRADE_UPGRADE_H

#include "core/address/address.h"

/*
 * Makes `fd` an AF_INET6 socket that also does IPv4 (not V6ONLY). 0 where it is one already, whoever made it. A UDP
 * socket keeps its port, its peer and what waits in its queue.
 *
 * -EAFNOSUPPORT   not TCP or UDP; another process has it too (holders.h); or the kernel has no IPv6
 * -EADDRNOTAVAIL  bound to one IPv4 address: it stays on that
 * -EISCONN        a TCP socket that is not closed: no longer ours to change
 * other           something that the program set can't be carried over (the log says so); IPv4 goes on
 */
int upgrade_socket(int fd);

/* The same for a socket that is about to be connected: a UDP socket leaves its peer. */
int upgrade_to_connect(int fd);

/*
 * Whether a TCP socket that is on record as untouched (sockets_is_untouched) is so. The kernel is asked once, for its
 * local address: what was bound, connected or listens has one, what is no socket of IPv4 answers otherwise, and one
 * that has neither address nor port never was connected and is owed no error. Only that it is TCP is believed of the
 * record: for that to be wrong its number must have been closed and used again for another transport, both past all
 * hooks. errno is not kept.
 */
bool upgrade_is_as_made(int fd);

/* As upgrade_to_connect() for such a socket. -ESTALE where the record isn't true, or another process has the socket
   too: nothing was done. */
int upgrade_untouched(int fd);

/*
 * Another socket in the place of an upgraded UDP socket, with all that it has but its peer, and what the peer made of
 * its address. After the program has dissolved the connection: on sockets of IPv6 only, the kernel goes on to refuse
 * what doesn't come from the former peer's address. And before another connection of one that would lose its port if
 * it were disconnected, since the kernel chose it. 0; -EBUSY where another process has it too; -errno where the new
 * one can't be had, and the old one is as it was.
 */
int upgrade_renew(int fd);

/* At what an upgrade that failed had arrived. */
enum upgrade_step {
    UPGRADE_PLAN = 1, /* whether it may be exchanged at all */
    UPGRADE_SOCKET,   /* socket(AF_INET6) */
    UPGRADE_OPTIONS,  /* what the program set, on the new one */
    UPGRADE_BIND,
    UPGRADE_PLACE, /* guarded against forgery, and put in place of the old one */
    UPGRADE_STEPS
};

/*
 * As upgrade_socket, with the new socket bound to that address before it takes the old one's place: where bind()
 * fails its error is the result, and the program's socket is as it was. `both_families` false: IPv6 only. `step`
 * (NULL: the log says what can't be carried over) tells at what it failed, and the caller logs that.
 */
int upgrade_and_bind(int fd, const struct ip_address *address, uint16_t port, bool both_families,
                     enum upgrade_step *step);

/*
 * The way back, for a socket bound to the wildcard of both families: an AF_INET socket with the same options, port
 * and backlog in its place, so that the program can bind the IPv6 side itself. It has the port before the old one
 * loses it. -errno where that did not work out: the old one keeps both sides, and the log says so.
 */
int upgrade_give_back(int fd);

/* upgrade_socket() for a UDP socket that has no port yet, so that nothing can wait in its queue; else nothing. */
void upgrade_fresh(int fd);

/* All of these, in a process that has been given an alias and has one thread: it is about to make a child, which has
   them too. After that they would be left alone. (With several threads, another one may be about to set something.)
 */
void upgrade_before_fork(void);

/*
 * After a connection was made over IPv4 on an upgraded TCP socket: makes it a true AF_INET socket again, so that
 * nothing needs translation any more. Where the kernel refuses, nothing changes.
 */
void upgrade_undo_when_ipv4(int fd);

#endif
