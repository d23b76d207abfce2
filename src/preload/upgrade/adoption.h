/*
 * Sockets of ours that come to another program, by exec, in a message (SCM_RIGHTS), by socket activation: AF_INET6
 * sockets that somebody has made as AF_INET, and that are to be shown as that to whoever has them, also to a program
 * that speaks IPv6. Else it would see IPv4 peers as ::ffff:a.b.c.d.
 * They are known by the mark that goes with the socket (preload/socket/our_mark.h).
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_ADOPTION_H
#define V6SHIM_PRELOAD_UPGRADE_ADOPTION_H

#include <stdbool.h>

/* Whether a descriptor that nothing is known about is one with the mark: it is on record from then on. No system call
   for others that are known, one for those that are not. */
bool adoption_try(int fd);

#endif
