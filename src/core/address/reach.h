/*
 * How far away from this host an address may be understood, by the address alone: what a program that filters
 * addresses means by "local", "internal" and "public".
 *
 * A program looks at the IPv4 address of a name, finds that it is a public one, and connects. Where we then try the
 * name's other addresses too, none of them may be nearer than the one that it looked at: the owner of a name could
 * otherwise lead the program to a service inside the network that its filter keeps it from (server-side request
 * forgery, CWE-918).
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_ADDRESS_REACH_H
#define V6SHIM_CORE_ADDRESS_REACH_H

#include "core/address/address.h"

/* From near to far. */
enum reach {
    REACH_HOST, /* this host itself: 127/8, 0/8 (which the kernel takes for this host), ::1, ::, ::/96 */
    REACH_LINK, /* 169.254/16, fe80::/10, multicast */
    REACH_SITE, /* what the IANA registries (RFC 6890) say isn't reachable globally, ranges for examples excepted */
    REACH_GLOBAL,
};

/*
 * An IPv6 address that holds an IPv4 one reaches no further than that: IPv4-mapped, IPv4-translated (RFC 2765),
 * NAT64's 64:ff9b::/96 (RFC 6052), 6to4 (RFC 3056), Teredo with both of its IPv4 addresses (RFC 4380). 64:ff9b:1::/48
 * (RFC 8215) may hold any at several places, and counts as REACH_SITE. Prefixes of a network's own can't be told from
 * the address: see preload/nat64/discovery.h.
 */
enum reach reach_of(const struct ip_address *address);

/*
 * Whether connect() to the address `asked` may end at `candidate`, another address of the same name: where it reaches
 * as far or farther. An address of this host leads to this host alone: a program may trust what answers there.
 */
bool reach_may_lead(const struct ip_address *asked, const struct ip_address *candidate);

#endif
