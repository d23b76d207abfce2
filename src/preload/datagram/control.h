/*
 * Control messages (ancillary data) of level IPPROTO_IP for a program that doesn't know that its socket stands on
 * AF_INET6: RFC 3542 on one side, ip(7) on the other.
 *
 * Pure translation of memory, but for aliases; async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_DATAGRAM_CONTROL_H
#define V6SHIM_PRELOAD_DATAGRAM_CONTROL_H

#include <stdbool.h>
#include <sys/socket.h>

/* More room than a program gives: IPv6's forms are longer, and IPv4 packets bring both forms of some. */
#define CONTROL_EXTRA_SIZE 256
/* With that more, room for all that the kernel tells of one datagram; a program may give more, and usually sends
   less. On the stack, where there may not be much. */
#define CONTROL_SIZE 592
/* What the program sends of these grows by less than half. */
#define CONTROL_GROWN_SIZE(size) ((size) + (size) / 2 + CMSG_SPACE(0))
/* More than any kernel takes (net.core.optmem_max): such a list is passed on as it is. */
#define CONTROL_MOST (1u << 20)

/*
 * What the kernel gave, in `native`, goes to `buffer` (of *size bytes) as the program knows it: IPV6_PKTINFO becomes
 * IP_PKTINFO, IPV6_HOPLIMIT IP_TTL, IPV6_TCLASS IP_TOS, IPV6_RECVERR IP_RECVERR (origin, type, code and offender
 * too); messages that IPv4 traffic brings twice are given once; others are copied. *size becomes what was used.
 * IP_PKTINFO is left out unless the program wants it: we may have asked for it (preload/upgrade/spoof_check.h).
 * Returns false where something did not fit (MSG_CTRUNC) and was cut, as the kernel does it.
 */
bool control_to_program(const struct msghdr *native, void *buffer, size_t *size, bool with_packet_information);

/*
 * The other way, for a datagram to an IPv6 destination, whose control messages of level IPPROTO_IP the kernel would
 * ignore: `buffer` of *size bytes receives them with the IPv6 ones in their place, and *size becomes how long they
 * are. They have to be valid (control_list.h). Returns 0, -ENOBUFS where they don't fit, or -EINVAL for what an IPv4
 * socket refuses.
 */
int control_to_kernel(const struct msghdr *message, void *buffer, size_t *size);

#endif
