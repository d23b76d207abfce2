/*
 * Sockets of ours that come to another program, by exec, in a message (SCM_RIGHTS), by socket activation: AF_INET6
 * sockets that somebody has made as AF_INET, and that are to be shown as that to whoever has them, also to a program
 * that speaks IPv6. Else it would see IPv4 peers as ::ffff:a.b.c.d.
 *
 * A mark goes with the socket: SO_INCOMING_CPU holds a number that is no processor's, which the kernel compares with
 * the processor's own and finds different, as it does -1, its default. It stays on sockets that listen or have no
 * peer, over fork, exec and messages; an accepted connection doesn't have it, and one with a peer loses it to the
 * first packet. No right is needed.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_RUNTIME_ADOPTION_H
#define V6SHIM_RUNTIME_ADOPTION_H

#include <stdbool.h>
#include <sys/socket.h>

/* A new socket that is to stand in the place of an AF_INET socket. Not one that the program has given a processor. */
void adoption_mark(int socket);
/* An accepted connection of IPv4 that couldn't become AF_INET, since its peer has gone. */
void adoption_mark_accepted(int socket);

/* Whether a descriptor that nothing is known about is one with the mark: it is on record from then on. No system call
   for others that are known, one for those that are not. */
bool adoption_try(int fd);

/* After getsockopt(SO_INCOMING_CPU): the mark is not for the program to see. */
void adoption_hide(void *value, socklen_t length);

#endif
