/* The addresses of a name in the order in which they are to be tried. */
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "core/address/reach.h"
#include "preload/alias/aliases.h"
#include "preload/base/hook.h"
#include "preload/base/scratch.h"
#include "preload/log/log.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/preference.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"

/* Once aloud: a program may look such a name up again and again. */
static NOINLINE void tell_ignored(const struct ip_address *address)
{
    static atomic_bool told;
    enum log_level level = atomic_exchange(&told, true) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add(&line, "ignored a resolver's answer inside the alias pool: ");
    text_add_address(&line, address);
    text_add(&line, " (set alias-pool to a range that nobody uses)");
    log_line(level, &line);
}

static bool may_be_candidate(const struct ip_address *address)
{
    if (address->family == AF_INET) {
        if (!aliases_contains(address->ipv4))
            return true;
        tell_ignored(address);
        return false;
    }
    return !address_is_mapped(address) && !address_is_unspecified(address);
}

/* A name that has ::ffff:192.0.2.1 and no IPv4 address has 192.0.2.1: that is where a connection to it goes. Beside
   an IPv4 address such a one says nothing. */
static struct ip_address as_it_is(const struct ip_address *address, bool alone)
{
    return alone && address_is_mapped(address) ? address_unmap(address) : *address;
}

bool resolve_has_ipv6(const struct resolve_addresses *ordered)
{
    struct in_addr shown;
    for (size_t i = 0; i < ordered->count; i++)
        if (ordered->addresses[i].family == AF_INET6 && !nat64_discovery_recover(&ordered->addresses[i], &shown))
            return true;
    return false;
}

static void add_usable(struct resolve_addresses *list, const struct resolve_addresses *half, bool alone, size_t limit)
{
    for (size_t i = 0; i < half->count && list->count < limit; i++) {
        struct ip_address address = as_it_is(&half->addresses[i], alone);
        if (may_be_candidate(&address))
            resolve_add(list, &address);
    }
}

static bool is_ipv4_loopback(const struct ip_address *address)
{
    return address->family == AF_INET && address_is_loopback(address);
}

static void add_ordered(struct resolve_addresses *ordered, const struct ip_address *address)
{
    struct ip_address ipv4_loopback = address_ipv4((struct in_addr){.s_addr = htonl(INADDR_LOOPBACK)});
    /* ::1 is shown as 127.0.0.1, which then has to be tried first: it is what the program asks for. */
    if (address->family == AF_INET6 && address_is_loopback(address))
        resolve_add(ordered, &ipv4_loopback);
    resolve_add(ordered, address);
}

/*
 * Whether a program asks about this host itself: by the host's name, or that with a domain, which has an IPv4 address
 * of this host. Programs do that to learn the address that they bind, or tell to others in their data.
 */
static bool is_own_name(const char *name, const struct resolve_addresses *ipv4)
{
    struct utsname host;
    struct ip_address source;
    if (ipv4->count == 0 || uname(&host) != 0)
        return false;
    size_t length = strcspn(host.nodename, ".");
    return length > 0 && strcspn(name, ".") == length && strncasecmp(name, host.nodename, length) == 0 &&
           sources_find(&ipv4->addresses[0], &source) && address_equal(&ipv4->addresses[0], &source);
}

/*
 * What of the list may be added in this round. `prefer ipv6` and `ipv4` put one family first. Otherwise the IPv4
 * loopback goes before all: a service may listen on it and on ::1, and the program asked for the first. So does IPv4
 * of this host's own name.
 */
static bool is_in_round(const struct ip_address *address, int round, bool own)
{
    switch (settings_current()->prefer) {
    case PREFER_IPV6:
        return round > 0 || address->family == AF_INET6;
    case PREFER_IPV4:
        return round > 0 || address->family == AF_INET;
    case PREFER_POLICY:
    default:
        return round > 0 || is_ipv4_loopback(address) || (own && address->family == AF_INET);
    }
}

/* Whether the user has said in which order the program is to see addresses. */
static bool order_is_set(void)
{
    return preference_is_explicit() || settings_current()->prefer == PREFER_IPV6;
}

static bool any_ipv4_has_route(const struct preference *preference, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (preference->candidates[i].destination.family == AF_INET && preference->candidates[i].has_source)
            return true;
    return false;
}

/* IPv6 addresses come before IPv4 ones in `list`. */
static void add_sorted(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *list,
                       const struct preference *preference, struct resolve_addresses *ordered)
{
    bool own = preference_is_explicit() && is_own_name(name, ipv4);
    size_t first_ipv4 = 0;
    while (first_ipv4 < list->count && list->addresses[first_ipv4].family == AF_INET6)
        first_ipv4++;
    for (int round = 0; round < 2; round++) {
        size_t next_ipv4 = first_ipv4;
        for (size_t i = 0; i < list->count; i++) {
            const struct ip_address *address = &list->addresses[preference->places[i].index];
            if (address->family == AF_INET && !preference_is_explicit())
                address = &list->addresses[next_ipv4++]; /* libc's order */
            if (is_in_round(address, round, own))
                add_ordered(ordered, address);
        }
    }
}

/* Whether an IPv6 address holds one of these IPv4 addresses as one made by a DNS64 does, by whatever prefix. */
static bool may_be_synthesized(const struct ip_address *ipv6, const struct resolve_addresses *ipv4)
{
    static const unsigned lengths[] = {96, 64, 56, 48, 40, 32};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct nat64_prefix prefix = {.address = *ipv6, .length = lengths[i]};
        struct in_addr inside;
        struct ip_address address;
        if (!nat64_extract(&prefix, ipv6, &inside))
            continue;
        address = address_ipv4(inside);
        for (size_t j = 0; j < ipv4->count; j++)
            if (address_equal(&ipv4->addresses[j], &address))
                return true;
    }
    return false;
}

/* How much it is worth to know the prefix where IPv4 has no route: all, where nothing else leads to this name. Where
   something may, the ways are its last resort (RFC 8305 section 7.2). */
static enum nat64_discovery_patience patience_for(const struct resolve_addresses *ipv4,
                                                  const struct resolve_addresses *ipv6)
{
    for (size_t i = 0; i < ipv6->count; i++)
        if (!may_be_synthesized(&ipv6->addresses[i], ipv4) && sources_find(&ipv6->addresses[i], NULL))
            return NAT64_DISCOVERY_BRIEFLY;
    return NAT64_DISCOVERY_ASK;
}

/* What a DNS64 made is the IPv4 address that it made it of. */
static void add_recovered(struct resolve_addresses *ipv4, struct resolve_addresses *ipv6,
                          const struct resolve_addresses *found)
{
    for (size_t i = 0; i < found->count; i++) {
        struct in_addr inside;
        struct ip_address address;
        if (!nat64_discovery_recover(&found->addresses[i], &inside)) {
            resolve_add(ipv6, &found->addresses[i]);
            continue;
        }
        address = address_ipv4(inside);
        resolve_add(ipv4, &address);
    }
}

/* Behind each IPv4 address without a route come the ways to it through NAT64. */
static void add_ways(struct resolve_addresses *ordered)
{
    struct resolve_addresses before = *ordered;
    ordered->count = 0;
    for (size_t i = 0; i < before.count; i++) {
        const struct ip_address *address = &before.addresses[i];
        struct ip_address ways[NAT64_PREFIXES_MAX];
        resolve_add(ordered, address);
        if (address->family != AF_INET || sources_find(address, NULL))
            continue;
        size_t count = nat64_discovery_ways_to(address->ipv4, ways);
        for (size_t j = 0; j < count; j++)
            resolve_add(ordered, &ways[j]);
    }
}

static enum reach farthest_of(const struct resolve_addresses *addresses)
{
    enum reach farthest = REACH_HOST;
    for (size_t i = 0; i < addresses->count; i++) {
        enum reach reach = reach_of(&addresses->addresses[i]);
        farthest = reach > farthest ? reach : farthest;
    }
    return farthest;
}

/* A program that looks at a name's IPv4 addresses, and finds that they lead out of its network, must not be led into
   it by the others. */
static void leave_out_nearer(struct resolve_addresses *addresses, size_t from, enum reach least)
{
    size_t kept = from;
    for (size_t i = from; i < addresses->count; i++)
        if (reach_of(&addresses->addresses[i]) >= least)
            addresses->addresses[kept++] = addresses->addresses[i];
    addresses->count = kept;
}

/* What is too large for the stack. */
struct work {
    struct resolve_addresses ipv4, ipv6, list;
    struct preference preference;
};

static void put_together(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                         struct work *work, struct resolve_addresses *ordered)
{
    struct resolve_addresses *list = &work->list;
    struct preference *preference = &work->preference;
    /* However many addresses one family has, the other one keeps its place: it may be the one that works. */
    bool takes_ipv4 = settings_current()->families != FAMILIES_INET6;
    size_t ipv4_count = takes_ipv4 ? ipv4->count : 0;
    size_t kept = ipv4_count < RESOLVE_ADDRESSES / 2 ? ipv4_count : RESOLVE_ADDRESSES / 2;
    add_usable(list, ipv6, takes_ipv4 && ipv4_count == 0, RESOLVE_ADDRESSES - kept);
    if (ipv4_count > 0)
        add_usable(list, ipv4, false, RESOLVE_ADDRESSES);
    /* More addresses than are put in order: the IPv4 ones, which bare has all, stay as libc gives them. */
    bool crowded =
        ipv4_count == RESOLVE_ADDRESSES || (ipv4_count > 0 && ipv4_count + ipv6->count > RESOLVE_ADDRESSES);
    ordered->ipv4_first = crowded || !order_is_set();
    /* Nothing to put together: libc's order stands, unless the user has set another one. */
    if (list->count < 2 || (ipv6->count == 0 && !preference_is_explicit())) {
        for (size_t i = 0; i < list->count; i++)
            add_ordered(ordered, &list->addresses[i]);
        return;
    }
    preference_sort(list, preference);
    ordered->ipv4_first = crowded || (!order_is_set() && any_ipv4_has_route(preference, list->count));
    add_sorted(name, ipv4, list, preference, ordered);
}

void resolve_order(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                   struct resolve_addresses *ordered)
{
    struct nat64_discovery prefixes;
    ordered->count = 0;
    ordered->ipv4_first = true;
    SCRATCH(struct work, work);
    if (work == NULL)
        return;
    struct resolve_addresses *all_ipv4 = &work->ipv4, *real_ipv6 = &work->ipv6;
    *all_ipv4 = *ipv4;
    enum families families = settings_current()->families;
    bool translates = families == FAMILIES_BOTH && settings_current()->nat64.mode != NAT64_OFF;
    bool routed = translates && ipv4->count > 0 && sources_find(&ipv4->addresses[0], NULL);
    if (translates && !routed && ipv4->count > 0)
        nat64_discovery_find(patience_for(ipv4, ipv6), &prefixes);
    if (translates)
        add_recovered(all_ipv4, real_ipv6, ipv6);
    else
        *real_ipv6 = *ipv6;
    if (families != FAMILIES_INET6) {
        leave_out_nearer(all_ipv4, ipv4->count, farthest_of(ipv4));
        leave_out_nearer(real_ipv6, 0, farthest_of(ipv4));
    }
    put_together(name, all_ipv4, real_ipv6, work, ordered);
    if (translates && all_ipv4->count > 0 && !routed)
        add_ways(ordered);
}
