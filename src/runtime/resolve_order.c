/* The addresses of a name in the order in which they are to be tried. */
#include "runtime/aliases.h"
#include "runtime/observe.h"
#include "runtime/preference.h"
#include "runtime/settings.h"

void resolve_add(struct resolve_addresses *list, const struct ip_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (address_equal(&list->addresses[i], address))
            return;
    if (list->count < RESOLVE_ADDRESSES)
        list->addresses[list->count++] = *address;
}

static bool may_be_candidate(const struct ip_address *address)
{
    if (address->family == AF_INET) {
        if (!aliases_contains(address->ipv4))
            return true;
        char data[OBSERVE_LINE_SIZE];
        struct text line = text_on(data, sizeof data);
        text_add(&line, "ignored a resolver's answer inside the alias pool: ");
        text_add_address(&line, address);
        text_add(&line, " (set alias-pool to a range that nobody uses)");
        observe_line(OBSERVE_WARNING, &line);
        return false;
    }
    return !address_is_mapped(address) && !address_is_unspecified(address);
}

static void add_usable(struct resolve_addresses *list, const struct resolve_addresses *half)
{
    for (size_t i = 0; i < half->count; i++)
        if (may_be_candidate(&half->addresses[i]))
            resolve_add(list, &half->addresses[i]);
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
 * What of the list may be added in this round. `prefer ipv6` and `ipv4` put one family first. Otherwise the IPv4
 * loopback goes before all: a service may listen on it and on ::1, and the program asked for the first.
 */
static bool is_in_round(const struct ip_address *address, int round)
{
    switch (settings_current()->prefer) {
    case PREFER_IPV6:
        return round > 0 || address->family == AF_INET6;
    case PREFER_IPV4:
        return round > 0 || address->family == AF_INET;
    case PREFER_POLICY:
    default:
        return round > 0 || is_ipv4_loopback(address);
    }
}

void resolve_order(const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                   struct resolve_addresses *ordered)
{
    struct resolve_addresses list = {0};
    struct preference preference;
    add_usable(&list, ipv6);
    if (settings_current()->families != FAMILIES_INET6)
        add_usable(&list, ipv4);
    ordered->count = 0;
    /* Nothing to put together: libc's order stands, unless the user has set another one. */
    if (list.count < 2 || (ipv6->count == 0 && !preference_is_explicit())) {
        for (size_t i = 0; i < list.count; i++)
            add_ordered(ordered, &list.addresses[i]);
        return;
    }
    preference_sort(&list, &preference);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < list.count; i++) {
            const struct ip_address *address = &list.addresses[preference.places[i].index];
            if (is_in_round(address, round))
                add_ordered(ordered, address);
        }
}
