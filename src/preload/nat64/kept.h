/*
 * What this process remembers of the NAT64 prefixes of networks: of the last ones that it was in, so that neither the
 * resolver nor the state file has to be asked again. A new network takes the place of the one that was left longest
 * ago.
 *
 * Async-signal-safe, lock-free for readers; errno kept.
 */
#ifndef V6SHIM_PRELOAD_NAT64_KEPT_H
#define V6SHIM_PRELOAD_NAT64_KEPT_H

#include "preload/nat64/record.h"

#define NAT64_DISCOVERY_NETWORKS 16

/*
 * Remembers a record; what was known of its network before counts no more. Where another thread is just writing:
 * `insist` waits for it (never in a signal handler, which may have interrupted it), else nothing is done: the state
 * file has the record.
 */
void nat64_discovery_keep(const struct nat64_discovery_record *record, bool insist);

/* The record of a network, if it still counts; that is the network which the process is in, from now on. */
bool nat64_discovery_kept(const struct ip_address *network, struct nat64_discovery_record *record);

/* The same without asking which network that is: the one of a moment ago. */
bool nat64_discovery_kept_recently(struct nat64_discovery_record *record);

/* The prefix that holds the address: of the network that the process is in, if what is known of it still counts, or
   of any that is remembered, however old. */
enum nat64_discovery_whose { NAT64_DISCOVERY_PRESENT, NAT64_DISCOVERY_ANY };
bool nat64_discovery_kept_prefix(const struct ip_address *address, enum nat64_discovery_whose whose,
                                 struct nat64_prefix *prefix);

/* In the child of a fork: nobody is writing. */
void nat64_discovery_kept_after_fork(void);

#endif
