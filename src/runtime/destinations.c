#include "runtime/destinations.h"

#include "runtime/aliases.h"
#include "runtime/lookups.h"
#include "runtime/state.h"

static void put_leader_first(struct destinations *destinations)
{
    const struct candidate_list *list = &destinations->list;
    destinations->listed = true;
    destinations->count = 0;
    destinations->addresses[destinations->count++] = list->addresses[list->leader];
    /* All of them failed when another address led: this is the program's own walk through the list. */
    if (list->failed_leader != 0 && list->failed_leader != list->leader + 1)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (i != list->leader)
            destinations->addresses[destinations->count++] = list->addresses[i];
}

/* What another process found out about the name of an alias. */
static void load_shared(struct in_addr alias, const struct ip_address *asked, struct destinations *destinations)
{
    struct ip_address shared[CANDIDATES_PER_LIST];
    size_t count = aliases_is_shared(alias) ? state_load_candidates(alias, shared, CANDIDATES_PER_LIST) : 0;
    destinations->addresses[0] = *asked;
    destinations->count = 1;
    for (size_t i = 0; i < count && destinations->count < CANDIDATES_PER_LIST; i++)
        if (!address_equal(&shared[i], asked))
            destinations->addresses[destinations->count++] = shared[i];
}

bool destinations_find(struct in_addr asked, struct destinations *destinations)
{
    struct ip_address address = address_ipv4(asked);
    bool alias = aliases_contains(asked);
    destinations->listed = false;
    if (alias && !aliases_find_address(asked, &address))
        return false;
    if (lookups_find(&address, &destinations->list)) {
        put_leader_first(destinations);
    } else if (alias && !lookups_know(&address)) {
        load_shared(asked, &address, destinations);
    } else {
        destinations->addresses[0] = address;
        destinations->count = 1;
    }
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
