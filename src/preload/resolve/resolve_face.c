/*
 * What the program sees of a name, and what is remembered of it: its IPv4 addresses first, as libc gives them, and
 * behind them the aliases of its IPv6 addresses.
 */
#include "preload/alias/aliases.h"
#include "preload/log/log.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/resolve.h"
#include "preload/state/state.h"
#include "preload/system/settings.h"

atomic_bool resolve_alias_shown;

static void note_alias_shown(void)
{
    atomic_store_explicit(&resolve_alias_shown, true, memory_order_relaxed);
}

/* Whether what is shown of a candidate is an alias. */
static bool is_alias(const struct ip_address *candidate)
{
    struct in_addr shown;
    return candidate->family == AF_INET6 && !nat64_discovery_recover(candidate, &shown) &&
           !address_is_loopback(candidate);
}

static bool show(const struct ip_address *candidate, struct in_addr *shown)
{
    struct ip_address back;
    if (candidate->family == AF_INET)
        *shown = candidate->ipv4;
    else if (nat64_discovery_recover(candidate, shown))
        return !aliases_contains(*shown); /* the same as an answer of IPv4 that lies there */
    else if (address_is_loopback(candidate))
        shown->s_addr = htonl(INADDR_LOOPBACK);
    else {
        *shown = aliases_of(candidate, ALIAS_NAME);
        return aliases_find_address(*shown, &back) && address_equal(&back, candidate);
    }
    return true;
}

bool resolve_shown(const struct ip_address *candidate, struct in_addr *shown)
{
    if (!show(candidate, shown))
        return false;
    if (is_alias(candidate))
        note_alias_shown();
    return true;
}

/* Whether `prefer ipv4` keeps the IPv6 addresses of this name from the program. */
static bool hides_ipv6(const struct resolve_addresses *ordered)
{
    bool ipv4_seen = false;
    for (size_t i = 0; i < ordered->count; i++)
        ipv4_seen |= ordered->addresses[i].family == AF_INET;
    return ipv4_seen && settings_current()->prefer == PREFER_IPV4;
}

size_t resolve_shown_list(const struct resolve_addresses *ordered, struct in_addr shown[RESOLVE_ADDRESSES],
                          size_t places[RESOLVE_ADDRESSES])
{
    size_t count = 0;
    bool hidden = hides_ipv6(ordered);
    for (int ipv4 = ordered->ipv4_first; ipv4 >= 0; ipv4--) {
        for (size_t i = 0; i < ordered->count; i++) {
            const struct ip_address *candidate = &ordered->addresses[i];
            if (candidate->family == AF_INET6 && (hidden || ipv4 > 0))
                continue;
            struct in_addr next;
            bool wanted = show(candidate, &next);
            for (size_t j = 0; j < count; j++)
                wanted = wanted && shown[j].s_addr != next.s_addr;
            if (!wanted)
                continue;
            if (count == 0 && is_alias(candidate))
                note_alias_shown();
            if (places != NULL)
                places[count] = i;
            shown[count++] = next;
        }
    }
    return count;
}

/* As many as a connect() can try: the first ones, but some places are for the family that comes last, however many
   addresses the other one has. It may be the one that works. */
static size_t take_candidates(const struct resolve_addresses *ordered, struct ip_address list[CANDIDATES_PER_LIST])
{
    size_t others = 0, others_first = 0, count = 0;
    for (size_t i = 0; i < ordered->count; i++) {
        bool other = ordered->addresses[i].family != ordered->addresses[0].family;
        others += other;
        others_first += other && i < CANDIDATES_PER_LIST;
    }
    size_t kept = others < CANDIDATES_PER_LIST / 4 ? others : CANDIDATES_PER_LIST / 4;
    size_t places_of_others = kept > others_first ? kept : others_first;
    size_t places = CANDIDATES_PER_LIST - places_of_others;
    for (size_t i = 0; i < ordered->count; i++) {
        size_t *left = ordered->addresses[i].family == ordered->addresses[0].family ? &places : &places_of_others;
        if (*left == 0)
            continue;
        list[count++] = ordered->addresses[i];
        --*left;
    }
    return count;
}

/* The place in the list of the IPv4 address that the program sees first. */
static size_t face_of(const struct resolve_addresses *ipv4, const struct ip_address *list, size_t count)
{
    for (size_t i = 0; i < ipv4->count; i++)
        for (size_t place = 0; place < count; place++)
            if (address_equal(&list[place], &ipv4->addresses[i]))
                return place;
    return CANDIDATES_NO_FACE;
}

static void record(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ordered)
{
    struct ip_address list[CANDIDATES_PER_LIST] = {0};
    size_t count = take_candidates(ordered, list);
    lookups_record(name, list, count, ordered->ipv4_first ? face_of(ipv4, list, count) : CANDIDATES_NO_FACE);
    log_name(EVENT_ANSWER, name, list, count);
    for (size_t i = 0; i < count && !hides_ipv6(ordered); i++) {
        struct in_addr shown;
        if (is_alias(&list[i]) && show(&list[i], &shown) && aliases_is_shared(shown))
            state_store_candidates(shown, list, count);
    }
}

void resolve_record(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                    bool ipv6_absent, const struct resolve_addresses *ordered)
{
    lookups_show(name, ordered->addresses, ordered->count, ipv6->addresses, ipv6->count);
    if (resolve_has_ipv6(ordered)) {
        record(name, ipv4, ordered);
        return;
    }
    for (size_t i = 0; (ipv6_absent || ipv6->count > 0) && i < ipv4->count; i++)
        lookups_record_alone(&ipv4->addresses[i]);
}
