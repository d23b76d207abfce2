/*
 * Forged datagrams, kept out by a socket filter. Linux's UDP over IPv6 accepts a packet from the wire whose source is
 * IPv4-mapped, and a socket of both families would show it as the IPv4 address in it. A classic filter
 * (SO_ATTACH_FILTER) drops such a packet before it is queued, so that nothing wakes and nothing is read, whichever
 * way the program waits and reads. Where the program has a filter of its own, ours stands before it in one program
 * for the kernel.
 *
 * The kernel frees filters by jobs of a queue that fills where thousands are freed at once, and then stops
 * (docs/design.md, "Forgery"). So a process and its children attach FORGERY_BURST of them at once and one in each
 * second after that, and no process has more than FORGERY_LIVE. Sockets without one are judged as
 * preload/upgrade/spoof_check.h says.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_UPGRADE_FORGERY_H
#define V6SHIM_PRELOAD_UPGRADE_FORGERY_H

#include <stdbool.h>
#include <sys/socket.h>

#include "preload/socket/sockets.h"

#define FORGERY_BURST 16u
#define FORGERY_LIVE  32u

/*
 * A UDP socket `to`, of AF_INET6 and not bound yet, is about to take the place of `from`: it gets our filter, and the
 * program's where `from` has that (`filtered`). `lasting`: the program chose its port, so that it is probably a
 * server's. *screened says whether ours is on it. 0, or -errno where the program's filter can't be had
 * (filters_copy).
 */
int forgery_apply(int from, int to, bool filtered, bool lasting, bool *screened);

/* A UDP socket that this program was given is on record now. Whether it came with our filter; what the program that
   had it before attached is noted too. */
bool forgery_adopt(int fd, struct socket_record *record);

/* Whether these are about the filter of an upgraded UDP socket, which the following two functions do then. */
static inline bool forgery_concerns(int fd, int level, int name)
{
    return level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_DETACH_FILTER || name == SO_ATTACH_BPF) &&
           sockets_has(fd, SOCKET_UPGRADED | SOCKET_SCREENED) && !sockets_has(fd, SOCKET_STREAM);
}

/* setsockopt() of SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_ATTACH_BPF. 0 or -errno, as without our filter. */
int forgery_set_filter(int fd, int name, const void *value, socklen_t length);

/* getsockopt() of SO_GET_FILTER: the program's own. 0 or -errno. */
int forgery_get_filter(int fd, void *value, socklen_t *length);

#endif
