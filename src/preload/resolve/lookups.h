/*
 * The name lookups of this process, so that a connect() knows which other addresses its target's name has. The table
 * of core/names/candidates with the process's clock, threads and lock.
 *
 * lookups_find, lookups_know and lookups_mark are async-signal-safe and take no lock. The two that write belong to
 * name lookups; they block signals while they hold the lock, and give up (the lookup is then not on record) rather
 * than wait for a holder that does not come back.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_LOOKUPS_H
#define V6SHIM_PRELOAD_RESOLVE_LOOKUPS_H

#include "core/names/candidates.h"

/* A name's answer, in the order in which its addresses should be tried; `face` as in candidate_list. */
void lookups_record(const char *name, const struct ip_address *addresses, size_t count, size_t face);

/*
 * A lookup of `name` has shown these IPv4 addresses to the program, and has found these IPv6 ones, whatever became of
 * them: an IPv4 address stands for those only while no other name has shown it with others. What other addresses are
 * among either is passed over.
 */
void lookups_show(const char *name, const struct ip_address *ipv4, size_t ipv4_count, const struct ip_address *ipv6,
                  size_t ipv6_count);

/* The program has read this address as a number, or its name has no IPv6 address: it means that address alone. */
void lookups_record_alone(const struct ip_address *address);

/* Whether there is any lookup on record: most processes that only speak IPv4 have none. */
extern atomic_bool lookups_recorded;
bool lookups_know(const struct ip_address *address);
bool lookups_find(const struct ip_address *address, struct candidate_list *list);
void lookups_mark(const struct candidate_mark *mark, bool failed);

/* In the child of a fork: the lock may have been held by a thread that does not exist here. */
void lookups_after_fork(void);

#endif
