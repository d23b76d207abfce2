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

#define PREF64_NETWORKS 16

/*
 * Remembers a record; what was known of its network before counts no more. Where another thread is just writing:
 * `insist` waits for it (never in a signal handler, which may have interrupted it), else nothing is done: the state
 * file has the record.
 */
void pref64_keep(const struct pref64_record *record, bool insist);

/* The record of a network, if it still counts; that is the network which the process is in, from now on. */
bool pref64_kept(const struct ip_address *network, struct pref64_record *record);

/* The same without asking which network that is: the one of a moment ago. */
bool pref64_kept_recently(struct pref64_record *record);

/* The prefix that holds the address: of the network that the process is in, if what is known of it still counts, or
   of any that is remembered, however old. */
enum pref64_whose { PREF64_PRESENT, PREF64_ANY };
bool pref64_kept_prefix(const struct ip_address *address, enum pref64_whose whose, struct nat64_prefix *prefix);

/* In the child of a fork: nobody is writing. */
void pref64_kept_after_fork(void);

#endif
