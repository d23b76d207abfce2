/* Answers getaddrinfo() for AF_INET with both halves of a lookup; called by preload/hooks/lookup.c. */
#include "preload/resolve/getaddrinfo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/base/scratch.h"
#include "preload/libc/info_name.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/preference.h"
#include "preload/resolve/resolve.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

static struct ip_address address_of(const struct addrinfo *info)
{
    struct ip_address address = {.family = AF_UNSPEC};
    address_from_sockaddr(info->ai_addr, info->ai_addrlen, &address, NULL);
    return address;
}

static void add_all(struct resolve_addresses *list, const struct addrinfo *info)
{
    for (; info != NULL; info = info->ai_next) {
        struct ip_address address = address_of(info);
        if (address.family != AF_UNSPEC)
            resolve_add(list, &address);
    }
}

/* Turns an IPv6 node into the IPv4 one that the program sees. */
static void show_as(struct addrinfo *info, struct in_addr shown)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = shown};
    if (info->ai_family == AF_INET6) {
        struct sockaddr_in6 before;
        memcpy(&before, info->ai_addr, sizeof before);
        address.sin_port = before.sin6_port;
        memset(info->ai_addr, 0, sizeof before);
        memcpy(info->ai_addr, &address, sizeof address);
        info->ai_family = AF_INET;
        info->ai_addrlen = sizeof address;
    } else {
        memcpy((char *)info->ai_addr + offsetof(struct sockaddr_in, sin_addr), &shown, sizeof shown);
    }
}

/* Moves the nodes of one address (one for each socket type) from a list to the end of another, to be shown as an IPv4
   address (NULL: as they are). */
static struct addrinfo **move_nodes(struct addrinfo **from, const struct ip_address *wanted,
                                    const struct in_addr *shown, struct addrinfo **end)
{
    while (*from != NULL) {
        struct addrinfo *info = *from;
        struct ip_address address = address_of(info);
        if (!address_equal(&address, wanted)) {
            from = &info->ai_next;
            continue;
        }
        *from = info->ai_next;
        info->ai_next = NULL;
        if (shown != NULL)
            show_as(info, *shown);
        *end = info;
        end = &info->ai_next;
    }
    return end;
}

/* The nodes of an address; where libc gave it only in the form that a DNS64 made of it, or as a mapped one, those. */
static struct addrinfo **move_shown(struct addrinfo **from, const struct resolve_addresses *ordered, size_t place,
                                    struct in_addr shown, struct addrinfo **end)
{
    struct addrinfo **start = end;
    for (; place < ordered->count && end == start; place++) {
        struct in_addr also;
        if (resolve_shown(&ordered->addresses[place], &also) && also.s_addr == shown.s_addr)
            end = move_nodes(from, &ordered->addresses[place], &shown, end);
    }
    if (end == start) {
        struct ip_address mapped = address_map(shown);
        end = move_nodes(from, &mapped, &shown, end);
    }
    return end;
}

/* Whether a list has a node of this IPv4 address, up to `last`. */
static bool has_address(const struct addrinfo *list, const struct addrinfo *last, struct in_addr wanted)
{
    for (const struct addrinfo *info = list;; info = info->ai_next) {
        struct ip_address address = address_of(info);
        if (address.family == AF_INET && address.ipv4.s_addr == wanted.s_addr)
            return true;
        if (info == last)
            return false;
    }
}

/* One list out of both: what is shown, in order. What is not shown is freed. */
static struct addrinfo *put_together(struct addrinfo *ipv4, struct addrinfo *ipv6,
                                     const struct resolve_addresses *ordered)
{
    struct in_addr shown[RESOLVE_ADDRESSES];
    size_t places[RESOLVE_ADDRESSES];
    size_t count = resolve_shown_list(ordered, shown, places);
    char *name = info_name_take(ipv4), *other_name = info_name_take(ipv6);
    struct addrinfo *rest = ipv4, **end = &rest;
    while (*end != NULL)
        end = &(*end)->ai_next;
    *end = ipv6;
    struct addrinfo *whole = NULL;
    end = &whole;
    for (size_t i = 0; i < count; i++)
        end = move_shown(&rest, ordered, places[i], shown[i], end);
    if (rest != NULL)
        freeaddrinfo(rest);
    char *given = whole == NULL ? NULL : name != NULL ? name : other_name;
    if (whole != NULL)
        info_name_give(whole, given);
    if (given != name)
        info_name_drop(name);
    if (given != other_name)
        info_name_drop(other_name);
    return whole;
}

/* Libc's list, untouched, and behind it what else is shown. */
static struct addrinfo *append(struct addrinfo *ipv4, struct addrinfo *ipv6, const struct resolve_addresses *ordered)
{
    struct in_addr shown[RESOLVE_ADDRESSES];
    size_t places[RESOLVE_ADDRESSES];
    size_t count = resolve_shown_list(ordered, shown, places);
    struct addrinfo *tail = ipv4;
    info_name_drop(info_name_take(ipv6)); /* the first node has the other one's */
    while (tail->ai_next != NULL)
        tail = tail->ai_next;
    struct addrinfo **end = &tail->ai_next;
    for (size_t i = 0; i < count; i++)
        if (!has_address(ipv4, tail, shown[i]))
            end = move_shown(&ipv6, ordered, places[i], shown[i], end);
    if (ipv6 != NULL)
        freeaddrinfo(ipv6);
    return ipv4;
}

/* Whether libc's answer holds an address that must not reach the program. */
static bool needs_filter(const struct addrinfo *ipv4)
{
    for (; ipv4 != NULL; ipv4 = ipv4->ai_next) {
        struct ip_address address = address_of(ipv4);
        if (address.family == AF_INET && aliases_contains(address.ipv4))
            return true;
    }
    return settings_current()->families == FAMILIES_INET6;
}

void resolve_info_reorder(struct addrinfo **list)
{
    struct work {
        struct resolve_addresses addresses;
        struct preference preference;
    };
    int saved = errno;
    SCRATCH(struct work, work);
    if (work == NULL)
        return;
    add_all(&work->addresses, *list);
    if (work->addresses.count < 2)
        return;
    preference_sort(&work->addresses, &work->preference);
    char *name = info_name_take(*list);
    struct addrinfo *rest = *list, *whole = NULL, **end = &whole;
    for (size_t i = 0; i < work->addresses.count; i++)
        end = move_nodes(&rest, &work->addresses.addresses[work->preference.places[i].index], NULL, end);
    *end = rest; /* more addresses than we put in order */
    info_name_give(whole, name);
    *list = whole;
    errno = saved;
}

void resolve_info_note(const char *node, const struct addrinfo *list)
{
    SCRATCH(struct resolve_addresses, addresses);
    if (addresses == NULL)
        return;
    add_all(addresses, list);
    lookups_show(node, addresses->addresses, addresses->count, addresses->addresses, addresses->count);
}

static bool has_ipv4_address(void)
{
    SCRATCH(struct source_list, list);
    bool any = list == NULL || !sources_list(list);
    for (size_t i = 0; list != NULL && i < list->count; i++)
        any |= list->sources[i].address.family == AF_INET && !address_is_loopback(&list->sources[i].address);
    return any;
}

static bool is_absence(int error)
{
    return error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
}

/* AI_ADDRCONFIG hides IPv4 on a host without an IPv4 address of its own, even what was typed as a number. */
static bool is_hidden(const struct addrinfo *hints, int error)
{
    return (hints->ai_flags & AI_ADDRCONFIG) != 0 && settings_current()->nat64.mode != NAT64_OFF &&
           (error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY) && !has_ipv4_address();
}

static int look_up_hidden(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ipv4)
{
    struct addrinfo any = *hints;
    any.ai_flags &= ~AI_ADDRCONFIG;
    return REAL(getaddrinfo)(node, service, &any, ipv4);
}

/* The IPv4 half. Whether it can be reached is judged by routes here, so what is hidden is asked for again. */
static int look_up_ipv4(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ipv4,
                        bool *hidden)
{
    int error = REAL(getaddrinfo)(node, service, hints, ipv4);
    *hidden = is_hidden(hints, error);
    return *hidden && look_up_hidden(node, service, hints, ipv4) == 0 ? 0 : error;
}

/* An IPv4 address that was typed: hidden, it is found where NAT64 leads to it. */
static int look_up_ipv4_literal(const char *node, struct in_addr ipv4, const char *service,
                                const struct addrinfo *hints, struct addrinfo **result)
{
    struct ip_address address = address_ipv4(ipv4), ways[NAT64_PREFIXES_MAX];
    struct nat64_discovery found;
    lookups_record_alone(&address);
    int error = REAL(getaddrinfo)(node, service, hints, result);
    if (!is_hidden(hints, error) || !nat64_discovery_find(NAT64_DISCOVERY_ASK, &found) ||
        nat64_discovery_ways_to(ipv4, ways) == 0)
        return error;
    return look_up_hidden(node, service, hints, result) == 0 ? 0 : error;
}

static bool is_way_to(const struct ip_address *ipv6, const struct ip_address *ipv4)
{
    struct in_addr shown;
    return ipv6->family == AF_INET6 && nat64_discovery_recover(ipv6, &shown) && shown.s_addr == ipv4->ipv4.s_addr;
}

/* What AI_ADDRCONFIG would have hidden, and nothing leads to. */
static void leave_out_unreachable(struct resolve_addresses *ordered)
{
    size_t kept = 0;
    for (size_t i = 0; i < ordered->count; i++) {
        bool translated = i + 1 < ordered->count && ordered->addresses[i].family == AF_INET &&
                          is_way_to(&ordered->addresses[i + 1], &ordered->addresses[i]);
        if (ordered->addresses[i].family == AF_INET6 || translated || sources_find(&ordered->addresses[i], NULL))
            ordered->addresses[kept++] = ordered->addresses[i];
    }
    ordered->count = kept;
}

/* Each node says what it was asked for; we may have asked otherwise. */
static void put_flags(struct addrinfo *list, int flags)
{
    for (; list != NULL; list = list->ai_next)
        list->ai_flags = flags;
}

/* The addresses of both halves, and of the whole. */
struct lists {
    struct resolve_addresses ipv4, ipv6, ordered;
};

/* Libc's answer, where the program may be shown that. */
static int no_memory(int error, struct addrinfo *ipv4, struct addrinfo *ipv6, bool hidden, struct addrinfo **result)
{
    if (ipv6 != NULL)
        freeaddrinfo(ipv6);
    *result = ipv4;
    if (error != 0 || (!hidden && !needs_filter(ipv4)))
        return error;
    freeaddrinfo(ipv4);
    return EAI_MEMORY;
}

static int look_up_name(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    int saved = errno;
    struct resolve_half *half = resolve_start(node, service, hints);
    struct addrinfo *ipv4 = NULL, *ipv6 = NULL;
    bool hidden, absent;
    int error = look_up_ipv4(node, service, hints, &ipv4, &hidden);
    int ipv4_errno = errno;
    if (resolve_wait(half, error == 0 ? RESOLVE_FOUND : is_absence(error) ? RESOLVE_ABSENT : RESOLVE_UNANSWERED))
        ipv6 = resolve_take_info(half);
    absent = resolve_is_absent(half);
    resolve_end(half);
    errno = ipv4_errno;
    if (ipv6 == NULL && error != 0) {
        *result = ipv4;
        return error;
    }
    SCRATCH(struct lists, lists);
    if (lists == NULL)
        return no_memory(error, ipv4, ipv6, hidden, result);
    if (error == 0)
        add_all(&lists->ipv4, ipv4);
    add_all(&lists->ipv6, ipv6);
    resolve_order(node, &lists->ipv4, &lists->ipv6, &lists->ordered);
    resolve_record(node, &lists->ipv4, &lists->ipv6, absent, &lists->ordered);
    bool as_libc = error == 0 && !hidden && !needs_filter(ipv4);
    if (ipv6 == NULL && as_libc && (lists->ordered.ipv4_first || !preference_is_explicit())) {
        *result = ipv4;
        return 0;
    }
    if (hidden)
        leave_out_unreachable(&lists->ordered);
    struct addrinfo *whole = as_libc && lists->ordered.ipv4_first
                                 ? append(ipv4, ipv6, &lists->ordered)
                                 : put_together(error == 0 ? ipv4 : NULL, ipv6, &lists->ordered);
    if (whole == NULL)
        return error != 0 ? error : hidden ? EAI_NONAME : EAI_NODATA;
    put_flags(whole, hints->ai_flags);
    *result = whole;
    errno = saved;
    return 0;
}

/* IPv6 text: libc makes the nodes, with the service and the socket types of the hints. */
static int look_up_literal(const char *node, const struct ip_address *literal, const char *service,
                           const struct addrinfo *hints, struct addrinfo **result)
{
    char text[ADDRESS_TEXT_SIZE];
    struct in_addr shown;
    if (!resolve_shown(literal, &shown))
        return EAI_NONAME;
    lookups_record_alone(literal);
    struct addrinfo ipv4_hints = *hints, *list = NULL;
    ipv4_hints.ai_flags |= AI_NUMERICHOST;
    inet_ntop(AF_INET, &shown, text, sizeof text);
    int error = REAL(getaddrinfo)(text, service, &ipv4_hints, &list);
    if (error != 0)
        return error;
    put_flags(list, hints->ai_flags);
    info_name_set(list, node); /* of a number: the text itself */
    *result = list;
    return 0;
}

int resolve_info(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    struct in_addr ipv4;
    struct ip_address literal;
    if (REAL(inet_aton)(node, &ipv4) != 0)
        return look_up_ipv4_literal(node, ipv4, service, hints, result);
    if (aware_is()) {
        /* Such a program asks for IPv4 because it wants IPv4; but it is helped where it would get nothing at all. */
        int error = REAL(getaddrinfo)(node, service, hints, result);
        if (error == 0)
            resolve_info_note(node, *result);
        if ((error != EAI_NONAME && error != EAI_NODATA) || (hints->ai_flags & AI_NUMERICHOST) != 0 ||
            resolve_literal(node, &literal))
            return error;
        return look_up_name(node, service, hints, result);
    }
    if (resolve_literal(node, &literal))
        return look_up_literal(node, &literal, service, hints, result);
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return REAL(getaddrinfo)(node, service, hints, result);
    return look_up_name(node, service, hints, result);
}

int resolve_name_of_alias(const struct sockaddr_in *alias, char *host, socklen_t host_size, char *service,
                          socklen_t service_size, int flags)
{
    struct ip_address ipv6;
    struct sockaddr_storage address;
    const struct sockaddr *as_it_is = (const struct sockaddr *)alias;
    if ((flags & NI_NUMERICHOST) == 0 && host != NULL && host_size > 0 &&
        aliases_find_address(alias->sin_addr, &ipv6)) {
        socklen_t length = address_to_sockaddr(&ipv6, ntohs(alias->sin_port), &address);
        int error = REAL(getnameinfo)((const struct sockaddr *)&address, length, host, host_size, service,
                                      service_size, flags | NI_NAMEREQD);
        if (error != EAI_NONAME || (flags & NI_NAMEREQD) != 0)
            return error;
    }
    if ((flags & NI_NAMEREQD) != 0 && host != NULL && host_size > 0)
        return EAI_NONAME; /* an alias that nobody was given: no question about it may reach a server */
    return REAL(getnameinfo)(as_it_is, sizeof *alias, host, host_size, service, service_size, flags | NI_NUMERICHOST);
}
