/* Judges the network of this host; called by v6shim doctor. */
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "command/doctor/host.h"
#include "core/address/address.h"
#include "preload/nat64/record.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"

#define PATH_SIZE       128
#define DISABLE_IPV6    "/proc/sys/net/ipv6/conf/%s/disable_ipv6"
#define BINDV6ONLY      "/proc/sys/net/ipv6/bindv6only"
#define PRIVATE_ADDRESS 0x0a000001
#define ADDRESSES_TOLD  8 /* lines of them; a host may have hundreds */

/* A sysctl that is a flag; false where it isn't there. */
static bool is_set(const char *path)
{
    FILE *file = fopen(path, "re");
    int character = file != NULL ? getc(file) : EOF;
    if (file != NULL)
        fclose(file);
    return character == '1';
}

static bool is_disabled_on(const char *interface)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, DISABLE_IPV6, interface);
    return is_set(path);
}

/* --- addresses --- */

/* One that others could reach. */
static bool is_far_reaching(const struct ip_address *address)
{
    return address->family == AF_INET6 && !address_is_loopback(address) && !address_is_link_local(address) &&
           !address_is_mapped(address);
}

static void judge_addresses(struct findings *findings)
{
    struct ifaddrs *list = NULL;
    unsigned count = 0;
    if (getifaddrs(&list) != 0)
        list = NULL;
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        char text[ADDRESS_TEXT_SIZE];
        struct ip_address address;
        if (entry->ifa_addr == NULL || (entry->ifa_flags & IFF_UP) == 0 ||
            !address_from_sockaddr(entry->ifa_addr, sizeof(struct sockaddr_in6), &address, NULL) ||
            !is_far_reaching(&address))
            continue;
        if (count++ < ADDRESSES_TOLD)
            finding_add(findings, FINDING_GOOD, "address", "", "this host has the IPv6 address %s on %s",
                        address_print(&address, text), entry->ifa_name);
    }
    freeifaddrs(list);
    if (count > ADDRESSES_TOLD)
        finding_add(findings, FINDING_GOOD, "address", "", "and %u more", count - ADDRESSES_TOLD);
    if (count == 0)
        finding_add(findings, FINDING_WRONG, "address",
                    "give it one, or see why the router or DHCPv6 gives none (ip -6 address)",
                    "this host has no IPv6 address by which another network could be reached");
}

/* Interfaces on which IPv6 is switched off, one finding for all of them together where it is all. */
static void judge_disabled(struct findings *findings)
{
    struct if_nameindex *interfaces = if_nameindex();
    if (is_disabled_on("all"))
        finding_add(findings, FINDING_WRONG, "disable_ipv6", "sysctl -w net.ipv6.conf.all.disable_ipv6=0",
                    "IPv6 is switched off on all interfaces (net.ipv6.conf.all.disable_ipv6 is 1)");
    else
        for (const struct if_nameindex *each = interfaces; each != NULL && each->if_name != NULL; each++)
            if (is_disabled_on(each->if_name))
                finding_add(findings, FINDING_WRONG, "disable_ipv6", "set it to 0 with sysctl -w",
                            "IPv6 is switched off on the interface %s (net.ipv6.conf.%s.disable_ipv6 is 1)",
                            each->if_name, each->if_name);
    if (interfaces != NULL)
        if_freenameindex(interfaces);
}

/* --- routes --- */

static void judge_route(struct findings *findings)
{
    struct ip_address network;
    if (nat64_discovery_network(&network))
        finding_add(findings, FINDING_GOOD, "route", "", "there is a route to the IPv6 Internet");
    else
        finding_add(findings, FINDING_WRONG, "route",
                    "see why no router announces one, or add a default route (ip -6 route)",
                    "there is no route to the IPv6 Internet");
}

static void judge_bindv6only(struct findings *findings)
{
    if (is_set(BINDV6ONLY))
        finding_add(findings, FINDING_NOTE, "bindv6only", "",
                    "net.ipv6.bindv6only is 1: servers under the shim serve both families all the same, those that "
                    "open [::] by themselves IPv6 alone");
}

/* --- NAT64 --- */

/* Which IPv4 addresses the prefix carries, where they are written as numbers. */
static void judge_literals(struct findings *findings, const struct nat64_prefix *prefix)
{
    enum nat64_private setting = settings_current()->nat64_private;
    struct in_addr private = {.s_addr = htonl(PRIVATE_ADDRESS)};
    char address[ADDRESS_TEXT_SIZE];
    address_print(&prefix->address, address);
    if (nat64_may_carry(prefix, private, setting != NAT64_PRIVATE_NO))
        finding_add(findings, FINDING_GOOD, "nat64-private", "", "%s/%u carries private IPv4 addresses, too%s",
                    address, prefix->length, setting == NAT64_PRIVATE_YES ? ", also those with a route" : "");
    else if (nat64_may_carry(prefix, private, true))
        finding_add(findings, FINDING_NOTE, "nat64-private", "v6shim config tells where it is set",
                    "%s/%u carries global IPv4 addresses alone: the setting nat64-private is no", address,
                    prefix->length);
    else
        finding_add(findings, FINDING_NOTE, "nat64-private",
                    "where the network's NAT64 has a prefix of its own, too, name that with nat64",
                    "%s/%u carries global IPv4 addresses alone, no private ones such as 10.0.0.1 (RFC 6052)", address,
                    prefix->length);
}

static void add_prefixes(struct findings *findings, const struct nat64_prefix *prefixes, unsigned count,
                         const char *origin)
{
    for (unsigned index = 0; index < count; index++) {
        char address[ADDRESS_TEXT_SIZE];
        finding_add(findings, FINDING_GOOD, "nat64", "", "IPv4 is reached by the NAT64 prefix %s/%u (%s)",
                    address_print(&prefixes[index].address, address), prefixes[index].length, origin);
        judge_literals(findings, &prefixes[index]);
    }
}

static void judge_nat64(struct findings *findings)
{
    const struct nat64_setting *setting = &settings_current()->nat64;
    struct nat64_discovery_record record = {.count = 0};
    struct ip_address network, ipv4 = address_ipv4((struct in_addr){.s_addr = htonl(0xc6290004)});
    bool has_ipv4 = sources_find(&ipv4, NULL);
    if (setting->mode == NAT64_GIVEN)
        add_prefixes(findings, setting->prefixes, setting->count, "the setting nat64");
    if (setting->mode != NAT64_AUTO || !nat64_discovery_network(&network))
        return;
    if (!nat64_discovery_load(&network, &record)) {
        if (!has_ipv4)
            finding_add(findings, FINDING_NOTE, "nat64", "ask with v6shim nat64",
                        "IPv4 has no route here, and whether the network has NAT64 was not asked yet");
        return;
    }
    add_prefixes(findings, record.prefixes, record.count, "the network's resolver");
    if (record.count == 0 && !has_ipv4)
        finding_add(findings, FINDING_NOTE, "nat64",
                    "use the network's own resolver, or set nat64 to the prefix if you know it",
                    "IPv4 has no route here, and the network's resolver knows no NAT64");
}

void host_judge_network(struct findings *findings)
{
    if (!sources_family_works(AF_INET6)) {
        finding_add(findings, FINDING_WRONG, "kernel",
                    "boot without ipv6.disable=1; in a service, RestrictAddressFamilies= needs AF_INET6",
                    "the kernel gives no IPv6 sockets");
        return;
    }
    judge_disabled(findings);
    judge_addresses(findings);
    judge_route(findings);
    judge_bindv6only(findings);
    judge_nat64(findings);
}
