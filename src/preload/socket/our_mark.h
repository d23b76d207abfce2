/*
 * A mark that goes with a socket of ours: one of AF_INET6 that somebody has made as AF_INET. SO_INCOMING_CPU holds a
 * number that is no processor's, which the kernel compares with the processor's own and finds different, as it does
 * -1, its default. It stays on sockets that listen or have no peer, over fork, exec and messages; an accepted
 * connection doesn't have it, and one with a peer loses it to the first packet. No right is needed.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_OUR_MARK_H
#define V6SHIM_PRELOAD_SOCKET_OUR_MARK_H

#include <stdbool.h>
#include <sys/socket.h>

/* A new socket that is to stand in the place of an AF_INET socket. Not one that the program has given a processor. */
void our_mark_put_on(int socket);
/* An accepted connection of IPv4 that couldn't become AF_INET, since its peer has gone. */
void our_mark_put_on_accepted(int socket);

/* One system call. */
bool our_mark_is_on(int fd);

/* After getsockopt(SO_INCOMING_CPU): the mark is not for the program to see. */
void our_mark_hide(void *value, socklen_t length);

#endif
