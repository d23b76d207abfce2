/* Finds the candidates of an IPv4 address; called by connect() and by what sends datagrams. */
#include "preload/connect/destinations.h"

#include <string.h>

#include "core/address/reach.h"
#include "preload/alias/aliases.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/lookups.h"
#include "preload/state/state.h"

static void add_listed(struct destinations *destinations)
{
    const struct candidate_list *list = &destinations->list;
    bool by_policy = list->leader == list->face;
    destinations->listed = true;
    destinations->count = 0;
    /* All of them failed when another address led: this is the program's own walk through the list. */
    bool alone = list->failed_leader != 0 && list->failed_leader != list->leader + 1;
    if (alone || !by_policy)
        destinations->addresses[destinations->count++] = list->addresses[list->leader];
    for (size_t i = 0; i < list->count && !alone; i++)
        if (by_policy || i != list->leader)
            destinations->addresses[destinations->count++] = list->addresses[i];
    destinations->behind_ipv4 = alone && list->face < list->count && list->addresses[list->leader].family == AF_INET6;
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
    const struct candidate_list *list = &destinations->list;
    if (may_lead(&list->addresses[list->leader], &list->addresses[list->face]))
        destinations->addresses[destinations->count++] = list->addresses[list->face];
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

static bool is_among(const struct ip_address *address, const struct ip_address *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (address_equal(&list[i], address))
            return true;
    return false;
}

/* What another process found out about the name of an alias. A list without the alias's own address is that of an
   address that had the alias before. */
static void load_shared(struct in_addr alias, const struct ip_address *asked, struct destinations *destinations)
{
    struct ip_address shared[CANDIDATES_PER_LIST];
    size_t count = aliases_is_shared(alias) ? state_load_candidates(alias, shared, CANDIDATES_PER_LIST) : 0;
    if (!is_among(asked, shared, count))
        count = 0;
    destinations->addresses[0] = *asked;
    destinations->count = 1;
    for (size_t i = 0; i < count && destinations->count < CANDIDATES_PER_LIST; i++)
        if (!address_equal(&shared[i], asked))
            destinations->addresses[destinations->count++] = shared[i];
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
    if (lookups_find(&address, &destinations->list)) {
        add_listed(destinations);
    } else if (alias && !lookups_know(&address)) {
        load_shared(asked, &address, destinations);
    } else {
        destinations->addresses[0] = address;
        destinations->count = 1;
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
    if (destinations->listed && destinations->count > 1 && failed != (destinations->list.failed_leader != 0))
        lookups_mark(&destinations->list, failed);
}
