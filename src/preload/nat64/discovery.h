/*
 * The NAT64 prefixes that this process may use (setting `nat64`), and the ways to and from IPv4 through them.
 *
 * Async-signal-safe, but for what asks the resolver, which starts a thread; errno kept, no lock held while
 * waiting.
 */
#ifndef V6SHIM_PRELOAD_NAT64_DISCOVERY_H
#define V6SHIM_PRELOAD_NAT64_DISCOVERY_H

#include <stdatomic.h>

#include "core/nat64/nat64.h"
#include "preload/system/settings.h"

/* Where a prefix that isn't known yet is to be had from. */
enum nat64_discovery_patience {
    NAT64_DISCOVERY_KNOWN,   /* nowhere but from the state file */
    NAT64_DISCOVERY_START,   /* the resolver is asked, for the next time */
    NAT64_DISCOVERY_BRIEFLY, /* and awaited for the resolution delay, once for each question, whoever asks */
    NAT64_DISCOVERY_ASK,     /* and awaited for two seconds */
};

#define NAT64_DISCOVERY_PATIENCE_MS 2000

struct nat64_discovery {
    unsigned count;
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
};

/* The prefixes that count now. False: none. */
bool nat64_discovery_find(enum nat64_discovery_patience patience, struct nat64_discovery *found);

/* The IPv6 addresses by which an IPv4 one is reached, one for each prefix that is known and may carry it. How many.
 */
size_t nat64_discovery_ways_to(struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX]);

/* The same for a call that connects or sends on a socket: where nothing is known yet, the resolver is asked, and
   awaited if the socket may block; if it may not, `soon` says that the answer is on its way. */
size_t nat64_discovery_ways_for(int fd, bool may_wait, struct in_addr ipv4,
                                struct ip_address addresses[NAT64_PREFIXES_MAX], bool *soon);
/* Then: awaited briefly all the same. */
size_t nat64_discovery_ways_soon(struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX]);
/* Then: without waiting, and without any system call, for a race that goes on meanwhile. False: not known yet. */
bool nat64_discovery_ways_now(const struct ip_address *network, struct in_addr ipv4,
                              struct ip_address addresses[NAT64_PREFIXES_MAX], size_t *count);
/* As NAT64_DISCOVERY_BRIEFLY, for an answer that is on its way, if any. */
void nat64_discovery_await_briefly(void);
/* That race has waited too long: nobody waits for this answer again. */
void nat64_discovery_give_up(void);

/*
 * Whether connections to an IPv4 address that has a route are raced against the ways through NAT64, since the route
 * may lead nowhere (RFC 8305 section 7). Only where a prefix is known already: a host with IPv4 asks for none. The
 * first is for fast paths: false where the second would be.
 */
bool nat64_discovery_joins_race(struct in_addr ipv4);
extern atomic_bool nat64_discovery_is_known;
static inline bool nat64_discovery_may_be_known(void)
{
    return settings_current()->nat64.mode == NAT64_GIVEN ||
           __builtin_expect(atomic_load_explicit(&nat64_discovery_is_known, memory_order_relaxed), 0);
}

/* In the child of a fork: no thread asks for it. */
void nat64_discovery_after_fork(void);

/*
 * The IPv4 address inside, where the prefix is one that was given or that this process has found in the network where
 * it is now, and may carry it. For addresses that a resolver gave. The other one, for addresses that we connected to
 * or were about to: of any network that the process has been in. Neither for what only came in (promise 2). No system
 * call but one for the time, where a prefix is known.
 */
bool nat64_discovery_recover(const struct ip_address *address, struct in_addr *ipv4);
bool nat64_discovery_recover_former(const struct ip_address *address, struct in_addr *ipv4);

#endif
