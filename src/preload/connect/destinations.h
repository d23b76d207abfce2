/*
 * What an IPv4 address that a program wants to reach really stands for: an alias for one IPv6 address, or one of the
 * addresses of a name, with all others of that name as further candidates.
 *
 * Async-signal-safe, no lock, errno kept. No system call where the address is neither an alias nor known from a
 * lookup.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_DESTINATIONS_H
#define V6SHIM_PRELOAD_CONNECT_DESTINATIONS_H

#include "core/names/candidates.h"
#include "preload/alias/aliases.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/redirect.h"

struct destinations {
    struct in_addr asked; /* by the program */
    size_t count;
    struct ip_address addresses[CANDIDATES_PER_LIST]; /* in the order in which they are to be tried */
    bool listed;                                      /* they come from a lookup */
    bool behind_ipv4; /* the program has come to this IPv6 address from the name's IPv4 ones, which have all failed */
    struct candidate_mark lookup; /* undefined unless `listed` */
    struct ip_address face;       /* the one of these that was shown first; undefined unless `behind_ipv4` */
};

/* Whether a call to this address concerns the shim at all. */
static inline bool destinations_concern(struct in_addr asked)
{
    if (aliases_contains(asked) || redirect_concerns(asked))
        return true;
    if (!atomic_load_explicit(&lookups_recorded, memory_order_acquire))
        return false;
    struct ip_address address = address_ipv4(asked);
    return lookups_know(&address);
}

/*
 * No candidates yet. Every user of the struct starts with this or with destinations_find: a lookup's list is large,
 * and is left as it is.
 */
void destinations_begin(struct in_addr asked, struct destinations *destinations);

/*
 * The candidates. Those that are nearer to this host than the address that was asked for are left out
 * (core/address/reach). That address comes first, except where it is the IPv4 address that its name was shown with
 * first: then they are in the order of the address policy, IPv6 first as a rule. False: an address of the alias pool
 * that nobody was given, or (without any lookup on record) a plain IPv4 address; ask destinations_concern first.
 */
bool destinations_find(struct in_addr asked, struct destinations *destinations);

/*
 * Whether the program's call would have tried this address without us: the one that it asked for. Where that is none
 * of them (an alias, or redirected), there would have been no such call, and the IPv4 addresses stand in its place.
 */
bool destinations_bare_tries(const struct destinations *destinations, const struct ip_address *candidate);

/* With `behind_ipv4`: the IPv4 address that the name was shown with first is tried once more beside it, so that what
   doesn't wait is a race that ends when that has failed and the IPv6 address stays silent. */
void destinations_add_face(struct destinations *destinations);

/* Puts the address that was asked for before all others, if it is an IPv4 one: for what can't be raced. */
void destinations_put_asked_first(struct destinations *destinations);

/* The first IPv4 address among them, for sockets that can't be made to speak IPv6; false where there is none. */
bool destinations_ipv4(const struct destinations *destinations, struct in_addr *ipv4);

/* Tells the record of the lookup how it went, so that the program's own loop over the addresses of a name does not
   try all of them each time. */
void destinations_mark(const struct destinations *destinations, bool failed);

#endif
