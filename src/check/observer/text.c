/* Addresses read from text and written as text. */
#include <errno.h>

#include "check/observer/next.h"
#include "check/observer/objects.h"
#include "check/observer/origins.h"
#include "check/observer/report.h"

/* Text was read; `address` is what it said, NULL where it was refused. */
static void tell_read(const char *call, int family, const char *text, const struct ip_address *address,
                      const void *caller)
{
    if (!tell_wanted())
        return;
    struct observation observation = observation_of(call);
    observation.family = family;
    observation.name = text;
    observation.literal = text != NULL && object_holds_constant(text);
    observation.error = address == NULL ? EINVAL : 0;
    struct origin origin = origin_make(ORIGIN_TEXT, call, text);
    origin.literal = observation.literal;
    if (address != NULL) {
        observation.address = *address;
        origins_note(address, &origin);
    }
    tell(&observation, caller);
}

EXPORT in_addr_t inet_addr(const char *text)
{
    struct in_addr result = {.s_addr = NEXT(inet_addr)(text)};
    struct ip_address address = address_ipv4(result);
    tell_read("inet_addr", AF_INET, text, result.s_addr != INADDR_NONE ? &address : NULL, CALLER);
    return result.s_addr;
}

EXPORT int inet_aton(const char *text, struct in_addr *result)
{
    struct in_addr read = {0};
    int outcome = NEXT(inet_aton)(text, &read); /* the result may be NULL */
    struct ip_address address = address_ipv4(read);
    if (outcome != 0 && result != NULL)
        *result = read;
    tell_read("inet_aton", AF_INET, text, outcome != 0 ? &address : NULL, CALLER);
    return outcome;
}

EXPORT in_addr_t inet_network(const char *text)
{
    in_addr_t result = NEXT(inet_network)(text);
    struct ip_address address = address_ipv4((struct in_addr){.s_addr = htonl(result)});
    tell_read("inet_network", AF_INET, text, result != INADDR_NONE ? &address : NULL, CALLER);
    return result;
}

EXPORT int inet_pton(int family, const char *restrict text, void *restrict result)
{
    int outcome = NEXT(inet_pton)(family, text, result);
    struct ip_address address = {0};
    if (outcome == 1)
        address = family == AF_INET ? address_ipv4(*(const struct in_addr *)result)
                                    : address_ipv6((const struct in6_addr *)result, 0);
    if (outcome >= 0) /* else the family is none, and the text has not been looked at */
        tell_read("inet_pton", family, text, outcome == 1 ? &address : NULL, CALLER);
    return outcome;
}

static void tell_printed(const char *call, int family, int room, const void *caller)
{
    if (!tell_wanted())
        return;
    struct observation observation = observation_of(call);
    observation.family = family;
    observation.room = room;
    tell(&observation, caller);
}

/* The thread's own buffer, which inet_ntoa() gives out each time. */
static __thread const char *quad __attribute__((tls_model("initial-exec")));

EXPORT char *inet_ntoa(struct in_addr address)
{
    tell_printed("inet_ntoa", AF_INET, OBSERVATION_NONE, CALLER);
    char *printed = NEXT(inet_ntoa)(address);
    quad = printed;
    return printed;
}

/* strcpy() of a -D_FORTIFY_SOURCE program, which knows how much room there is. */
EXPORT char *__strcpy_chk(char *restrict to, const char *restrict from, size_t size)
{
    if (from == quad && from != NULL && size < INET6_ADDRSTRLEN)
        tell_printed("strcpy", AF_INET, (int)size, CALLER);
    return NEXT(__strcpy_chk)(to, from, size);
}

EXPORT const char *inet_ntop(int family, const void *restrict address, char *restrict text, socklen_t size)
{
    tell_printed("inet_ntop", family, size < INET6_ADDRSTRLEN ? (int)size : OBSERVATION_NONE, CALLER);
    return NEXT(inet_ntop)(family, address, text, size);
}

EXPORT struct in_addr inet_makeaddr(in_addr_t network, in_addr_t host)
{
    struct in_addr made = NEXT(inet_makeaddr)(network, host);
    if (tell_wanted()) {
        struct origin origin = origin_make(ORIGIN_MADE, "inet_makeaddr", NULL);
        struct ip_address address = address_ipv4(made);
        origins_note(&address, &origin);
        tell_printed("inet_makeaddr", AF_INET, OBSERVATION_NONE, CALLER);
    }
    return made;
}

EXPORT in_addr_t inet_lnaof(struct in_addr address)
{
    tell_printed("inet_lnaof", AF_INET, OBSERVATION_NONE, CALLER);
    return NEXT(inet_lnaof)(address);
}

EXPORT in_addr_t inet_netof(struct in_addr address)
{
    tell_printed("inet_netof", AF_INET, OBSERVATION_NONE, CALLER);
    return NEXT(inet_netof)(address);
}
