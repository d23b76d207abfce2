/* Finds the candidates of an IPv4 address; called by connect() and by what sends datagrams. */
#include "preload/connect/destinations.h"

#include <string.h>

#include "core/address/reach.h"
#include "preload/alias/aliases.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/lookups.h"
#include "preload/state/state.h"

static void add_listed(struct destinations *destinations, const struct candidate_list *list)
{
    bool by_policy = list->leader == list->face;
    destinations->listed = true;
    destinations->lookup = list->mark;
    destinations->count = 0;
    /* All of them failed when another address led: this is the program's own walk through the list. */
    bool alone = list->mark.failed_leader != 0 && list->mark.failed_leader != list->mark.leader + 1;
    if (alone || !by_policy)
        destinations->addresses[destinations->count++] = list->addresses[list->leader];
    for (size_t i = 0; i < list->count && !alone; i++)
        if (by_policy || i != list->leader)
            destinations->addresses[destinations->count++] = list->addresses[i];
    destinations->behind_ipv4 = alone && list->face < list->count && list->addresses[list->leader].family == AF_INET6;
    if (destinations->behind_ipv4)
        destinations->face = list->addresses[list->face];
}

/* Not inline: the copy of the lookup's list is large, and gone before the connection is made. */
__attribute__((noinline)) static bool find_listed(struct destinations *destinations, const struct ip_address *address)
{
    struct candidate_list list;
    if (!lookups_find(address, &list))
        return false;
    add_listed(destinations, &list);
    return true;
}

/* A way through NAT64 reaches what it leads to. */
static bool may_lead(const struct ip_address *asked, const struct ip_address *candidate)
{
    struct in_addr inside;
    struct ip_address end = *candidate;
    if (candidate->family == AF_INET6 && nat64_discovery_recover(candidate, &inside))
        end = address_ipv4(inside);
    return reach_may_lead(asked, &end);
}

static void leave_out_nearer(struct destinations *destinations, const struct ip_address *asked)
{
    size_t kept = 0;
    for (size_t i = 0; i < destinations->count; i++)
        if (address_equal(&destinations->addresses[i], asked) || may_lead(asked, &destinations->addresses[i]))
            destinations->addresses[kept++] = destinations->addresses[i];
    destinations->count = kept;
}

void destinations_add_face(struct destinations *destinations)
{
    if (may_lead(&destinations->addresses[0], &destinations->face))
        destinations->addresses[destinations->count++] = destinations->face;
}

bool destinations_bare_tries(const struct destinations *destinations, const struct ip_address *candidate)
{
    struct ip_address asked = address_ipv4(destinations->asked);
    bool is_there = false;
    for (size_t i = 0; i < destinations->count; i++)
        is_there |= address_equal(&destinations->addresses[i], &asked);
    return candidate->family == AF_INET && (!is_there || address_equal(candidate, &asked));
}

void destinations_put_asked_first(struct destinations *destinations)
{
    struct ip_address asked = address_ipv4(destinations->asked);
    for (size_t i = 1; i < destinations->count; i++) {
        if (!address_equal(&destinations->addresses[i], &asked))
            continue;
        memmove(destinations->addresses + 1, destinations->addresses, i * sizeof asked);
        destinations->addresses[0] = asked;
        return;
    }
}

/* Behind the address of an alias: what another process found out about its name. A list without that address is that
   of an address that had the alias before. */
static void add_shared(struct in_addr alias, struct destinations *destinations)
{
    struct ip_address own = destinations->addresses[0];
    if (!aliases_is_shared(alias))
        return;
    size_t count = state_load_candidates(alias, destinations->addresses, CANDIDATES_PER_LIST);
    for (size_t i = 0; i < count; i++) {
        if (!address_equal(&destinations->addresses[i], &own))
            continue;
        memmove(destinations->addresses + 1, destinations->addresses, i * sizeof own);
        destinations->count = count;
        break;
    }
    destinations->addresses[0] = own;
}

void destinations_begin(struct in_addr asked, struct destinations *destinations)
{
    destinations->asked = asked;
    destinations->count = 0;
    destinations->listed = destinations->behind_ipv4 = false;
}

bool destinations_find(struct in_addr asked, struct destinations *destinations)
{
    struct ip_address address = address_ipv4(asked);
    bool alias = aliases_contains(asked);
    destinations_begin(asked, destinations);
    if (alias && !aliases_find_address(asked, &address))
        return false;
    if (!find_listed(destinations, &address)) {
        destinations->addresses[0] = address;
        destinations->count = 1;
        if (alias && !lookups_know(&address))
            add_shared(asked, destinations);
    }
    leave_out_nearer(destinations, &address);
    return true;
}

bool destinations_ipv4(const struct destinations *destinations, struct in_addr *ipv4)
{
    for (size_t i = 0; i < destinations->count; i++) {
        if (destinations->addresses[i].family == AF_INET) {
            *ipv4 = destinations->addresses[i].ipv4;
            return true;
        }
    }
    return false;
}

void destinations_mark(const struct destinations *destinations, bool failed)
{
    if (destinations->listed && destinations->count > 1 && failed != (destinations->lookup.failed_leader != 0))
        lookups_mark(&destinations->lookup, failed);
}
