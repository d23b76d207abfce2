/*
 * Datagrams that wait in the queue of a socket when another one takes its place.
 *
 * No call moves a queue. So each datagram is sent once more, over the loopback device, to the socket that takes the
 * place, where it waits as any other: poll(), epoll and read() see it. Where it came from is written into the source
 * address that it is sent with, which any socket may choose (IP_FREEBIND), beside a secret of 64 bits: nobody else
 * can make such a datagram, so that no source is taken from one that merely looks like it (promise 2).
 *
 * What the kernel says of a datagram besides (its time, the interface that it came by) is lost.
 *
 * Async-signal-safe, no lock, nothing kept open; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_REQUEUE_H
#define V6SHIM_PRELOAD_UPGRADE_REQUEUE_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether anything waits in the queue. */
bool requeue_has_work(int from);

/* `needs_proof`: `from` is one of spoof_check.h's, and forged ones are left out. Moves all datagrams from the socket
 * `from` to the AF_INET6 socket `to`, which has a port and isn't connected. 0, or -errno: what had not been moved
 * before that stays where it is. */
int requeue_move(int from, int to, bool needs_proof);

/* The source of a datagram that was moved: the address where it came from, one of IPv4 in its mapped form; :: where
   4,096 of IPv6 have been moved since. Any other is left as it is. */
void requeue_show_source(struct sockaddr_storage *source);

#endif
