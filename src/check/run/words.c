/* Puts origins and options into words; called by check/run/gaps.c. */
#include "check/run/words.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum run_constant run_constant_of(const struct observation *observation)
{
    const struct origin *origin = observation->origin;
    const struct ip_address *address = &observation->address;
    if (origin == NULL || (origin->kind != ORIGIN_NONE && !(origin->kind == ORIGIN_TEXT && origin->literal)))
        return CONSTANT_NONE;
    return address_is_unspecified(address)                                                 ? CONSTANT_ANY
           : address_is_loopback(address)                                                  ? CONSTANT_LOOPBACK
           : address_is_multicast(address)                                                 ? CONSTANT_GROUP
           : address->family == AF_INET && address->ipv4.s_addr == htonl(INADDR_BROADCAST) ? CONSTANT_BROADCAST
                                                                                           : CONSTANT_HOST;
}

const char *run_origin_name(const struct observation *observation)
{
    static const char *const constants[] = {
        [CONSTANT_ANY] = "any",         [CONSTANT_LOOPBACK] = "loopback", [CONSTANT_BROADCAST] = "broadcast",
        [CONSTANT_GROUP] = "multicast", [CONSTANT_HOST] = "hard-coded",
    };
    const struct origin *origin = observation->origin;
    enum run_constant constant = run_constant_of(observation);
    if (constant != CONSTANT_NONE && (origin->kind == ORIGIN_NONE || constant == CONSTANT_HOST))
        return constants[constant];
    return origin_kind_name(origin->kind);
}

static const char *constant_words(enum run_constant constant, const struct ip_address *address)
{
    bool ipv4 = address->family == AF_INET;
    switch (constant) {
    case CONSTANT_ANY:
        return ipv4 ? "INADDR_ANY" : "in6addr_any";
    case CONSTANT_LOOPBACK:
        if (ipv4 && address->ipv4.s_addr != htonl(INADDR_LOOPBACK))
            return "a loopback address, from no call that was seen";
        return ipv4 ? "INADDR_LOOPBACK" : "in6addr_loopback";
    case CONSTANT_BROADCAST:
        return "INADDR_BROADCAST";
    case CONSTANT_GROUP:
        return "a multicast group, from no call that was seen";
    default:
        return "from no call that was seen: hard-coded (RFC 4085)";
    }
}

const char *run_origin_words(struct report *report, const struct observation *observation)
{
    const struct origin *origin = observation->origin;
    switch (origin->kind) {
    case ORIGIN_NONE:
        return constant_words(run_constant_of(observation), &observation->address);
    case ORIGIN_RESOLVER:
        if (origin->name[0] == '\0')
            return report_print(report, "from %s without a name", origin->call);
        return origin->count > 1 ? report_print(report, "from %s(\"%s\"), %u of %u addresses", origin->call,
                                                origin->name, origin->index + 1u, origin->count)
                                 : report_print(report, "from %s(\"%s\")", origin->call, origin->name);
    case ORIGIN_TEXT:
        return report_print(report, "from text: %s(\"%s\")%s", origin->call, origin->name,
                            origin->literal ? ", which is a constant of the program" : "");
    case ORIGIN_PEER:
        return report_print(report, "a peer's, from %s", origin->call);
    case ORIGIN_LOCAL:
        return report_print(report, "a socket's own, from %s", origin->call);
    case ORIGIN_INTERFACE:
        return report_print(report, "an interface's, from %s", origin->call);
    case ORIGIN_MADE:
        return report_print(report, "put together by %s", origin->call);
    default:
        return "from a call that is not remembered: there were too many addresses";
    }
}

#define OPTION(name) \
    {                \
        name, #name  \
    }

struct option_name {
    int option;
    const char *name;
};

static const struct option_name ip_options[] = {OPTION(IP_TOS),
                                                OPTION(IP_TTL),
                                                OPTION(IP_HDRINCL),
                                                OPTION(IP_OPTIONS),
                                                OPTION(IP_RECVOPTS),
                                                OPTION(IP_RETOPTS),
                                                OPTION(IP_PKTINFO),
                                                OPTION(IP_MTU_DISCOVER),
                                                OPTION(IP_RECVERR),
                                                OPTION(IP_RECVTTL),
                                                OPTION(IP_RECVTOS),
                                                OPTION(IP_MTU),
                                                OPTION(IP_FREEBIND),
                                                OPTION(IP_TRANSPARENT),
                                                OPTION(IP_MULTICAST_IF),
                                                OPTION(IP_MULTICAST_TTL),
                                                OPTION(IP_MULTICAST_LOOP),
                                                OPTION(IP_ADD_MEMBERSHIP),
                                                OPTION(IP_DROP_MEMBERSHIP),
                                                OPTION(IP_BLOCK_SOURCE),
                                                OPTION(IP_UNBLOCK_SOURCE),
                                                OPTION(IP_ADD_SOURCE_MEMBERSHIP),
                                                OPTION(IP_DROP_SOURCE_MEMBERSHIP),
                                                OPTION(IP_MSFILTER),
                                                OPTION(IP_MULTICAST_ALL),
                                                OPTION(IP_UNICAST_IF),
                                                OPTION(IP_BIND_ADDRESS_NO_PORT),
                                                OPTION(IP_MINTTL)};

static const struct option_name inet6_options[] = {
    OPTION(IPV6_V6ONLY),      OPTION(IPV6_TCLASS),       OPTION(IPV6_UNICAST_HOPS),   OPTION(IPV6_RECVPKTINFO),
    OPTION(IPV6_RECVERR),     OPTION(IPV6_MULTICAST_IF), OPTION(IPV6_MULTICAST_HOPS), OPTION(IPV6_MULTICAST_LOOP),
    OPTION(IPV6_JOIN_GROUP),  OPTION(IPV6_LEAVE_GROUP),  OPTION(IPV6_MTU_DISCOVER),   OPTION(IPV6_RECVTCLASS),
    OPTION(IPV6_RECVHOPLIMIT)};

static const char *find_name(const struct option_name *list, size_t count, int option)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].option == option)
            return list[i].name;
    return NULL;
}

const char *run_option_name(struct report *report, int level, int option)
{
    const char *name = level == IPPROTO_IP ? find_name(ip_options, sizeof ip_options / sizeof ip_options[0], option)
                       : level == IPPROTO_IPV6
                           ? find_name(inet6_options, sizeof inet6_options / sizeof inet6_options[0], option)
                       : level == SOL_SOCKET && option == SO_BROADCAST ? "SO_BROADCAST"
                                                                       : NULL;
    return name != NULL ? name : report_print(report, "option %d of level %d", option, level);
}

bool run_option_is_multicast(int option)
{
    static const int options[] = {
        IP_MULTICAST_IF, IP_MULTICAST_TTL,  IP_MULTICAST_LOOP,        IP_ADD_MEMBERSHIP,         IP_DROP_MEMBERSHIP,
        IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE, IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, IP_MSFILTER};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i] == option)
            return true;
    return false;
}
