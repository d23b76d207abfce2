/*
 * Multicast groups of a socket, as the options of ip(7) name them: IP_ADD_MEMBERSHIP and its relatives, with a source
 * or without, and the MCAST_ forms of RFC 3678. Each begins something (a group, a source, a block) or ends it.
 *
 * Pure; async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_MEMBERSHIPS_H
#define V6SHIM_PRELOAD_SOCKET_MEMBERSHIPS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* What such an option says; what it doesn't say is 0. */
struct membership {
    struct in_addr group, source;
    struct in_addr interface; /* one of its addresses */
    uint32_t interface_index;
};

/* The longest form of an option. */
#define MEMBERSHIP_VALUE_SIZE sizeof(struct group_source_req)

/* Reads an option of level IPPROTO_IP; false where it isn't one of these, or not of IPv4. */
bool memberships_read(int name, const void *value, socklen_t length, struct membership *membership);

/* Writes it again in the form that belongs to the name; the length. */
socklen_t memberships_write(int name, const struct membership *membership, void *value);

/* Whether the option of level IPPROTO_IP is one of these. */
bool memberships_is(int name);

/* Whether it ends something. */
bool memberships_is_end(int name);

/* Whether the kernel forgets what `begun` said at the option `end`. Where one names the interface by its address and
   the other by its number, that can't be known: false. */
bool memberships_ends(int end_name, const struct membership *end, int begun_name, const struct membership *begun);

#endif
