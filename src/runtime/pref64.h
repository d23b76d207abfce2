/*
 * The NAT64 prefixes that this process may use (setting `nat64`), and the ways to and from IPv4 through them.
 *
 * Async-signal-safe, but for PREF64_ASK and PREF64_START, which start a thread; errno kept, no lock held while
 * waiting.
 */
#ifndef V6SHIM_RUNTIME_PREF64_H
#define V6SHIM_RUNTIME_PREF64_H

#include "core/nat64.h"

/* Where a prefix that isn't known yet is to be had from. */
enum pref64_patience {
    PREF64_KNOWN, /* nowhere but from the state file */
    PREF64_START, /* the resolver is asked, for the next time */
    PREF64_ASK,   /* and awaited for two seconds */
};

struct pref64 {
    unsigned count;
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
};

/* The prefixes that count now. False: none. */
bool pref64_find(enum pref64_patience patience, struct pref64 *found);

/* The IPv6 addresses by which an IPv4 one is reached, one for each prefix that is known and may carry it. How many.
 */
size_t pref64_ways_to(struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX]);

/* The same for a call that connects or sends on a socket: where nothing is known yet, the resolver is asked, and
   awaited if the socket may block. */
size_t pref64_ways_for(int fd, bool may_wait, struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX]);

/*
 * The IPv4 address inside, where the prefix is one that this process has found or was given and may carry it. No
 * system call. For addresses that a resolver gave, or that we connected to: never for what only came in (promise 3).
 */
bool pref64_recover(const struct ip_address *address, struct in_addr *ipv4);

#endif
