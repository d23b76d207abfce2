/* Says which way a program leans by what was seen of it, and names the verdicts; called by check/static and by the
   JSON report. */
#include "check/file/verdict.h"

#include <string.h>

#define BIT(name) FACT_BIT(FACT_##name)

/* Sockets or addresses that are IPv6 for certain. */
static const facts_t definite_inet6 =
    BIT(SOCKET_INET6) | BIT(RAW_INET6) | BIT(PRESENT_INET6) | BIT(OPTION_INET6) | BIT(ADDRESS_INET6);
static const facts_t names_old = BIT(NAME_OLD) | BIT(NAME_INET);
static const facts_t text_inet = BIT(TEXT_OLD) | BIT(PRINT_OLD) | BIT(TEXT_CLASS) | BIT(PRESENT_INET);
static const facts_t sockets_inet = BIT(SOCKET_INET) | BIT(DATAGRAM_INET);
static const facts_t traffic = BIT(CONNECT) | BIT(BIND) | BIT(LISTEN) | BIT(DATAGRAM) | BIT(DIRECT_CALL);
static const facts_t either_family = BIT(NAME_NEW) | BIT(REVERSE_NEW) | BIT(PRESENT_ANY);
static const facts_t packets = BIT(RAW_INET) | BIT(SOCKET_PACKET) | BIT(CAPTURE);

bool facts_have_transport(facts_t facts)
{
    facts_t made = sockets_inet | BIT(SOCKET_INET6) | BIT(SOCKET_ANY);
    return (facts & made) != 0 && (facts & traffic) != 0;
}

/* Sockets whose family is decided at run time: what decides it? */
static enum stance stance_of_any(facts_t facts)
{
    if ((facts & definite_inet6) != 0)
        return STANCE_DUAL;
    if ((facts & BIT(NAME_NEW)) != 0)
        return STANCE_DUAL;
    if ((facts & names_old) != 0) /* an IPv4 address is all it ever gets */
        return STANCE_IPV4;
    if ((facts & either_family) != 0)
        return STANCE_DUAL;
    return (facts & (text_inet | sockets_inet)) != 0 ? STANCE_IPV4 : STANCE_NONE;
}

/* No sockets of its own: descriptors are inherited or a library's. */
static enum stance stance_without_sockets(facts_t facts)
{
    if ((facts & (BIT(REMOTE_COMMAND) | BIT(SUN_RPC))) != 0)
        return STANCE_IPV4;
    bool has_descriptor = (facts & (BIT(PEER) | BIT(LISTEN) | BIT(DATAGRAM) | BIT(CONNECT))) != 0;
    if ((facts & BIT(NAME_NEW)) != 0 || (has_descriptor && (facts & (definite_inet6 | either_family)) != 0))
        return STANCE_DUAL;
    if ((facts & names_old) != 0 || (has_descriptor && (facts & text_inet) != 0))
        return (facts & definite_inet6) != 0 ? STANCE_DUAL : STANCE_IPV4;
    return (facts & (BIT(REVERSE_NEW) | BIT(ADDRESS_QUERY))) != 0 ? STANCE_DUAL : STANCE_NONE;
}

/* IPv4 sockets with traffic. A datagram socket beside a local one, and no address in sight, only serves ioctls; the
   traffic is the local socket's. */
static bool carries_inet(facts_t facts)
{
    facts_t addresses = text_inet | names_old | either_family;
    if ((facts & traffic) == 0)
        return false;
    return (facts & BIT(SOCKET_INET)) != 0 ||
           ((facts & BIT(DATAGRAM_INET)) != 0 &&
            ((facts & addresses) != 0 || (facts & (BIT(SOCKET_LOCAL) | BIT(SOCKET_PACKET))) == 0));
}

enum stance stance_of(facts_t facts)
{
    if ((facts & (BIT(SOCKET_INET6) | BIT(RAW_INET6))) != 0)
        return STANCE_DUAL;
    if ((facts & BIT(SOCKET_ANY)) != 0 && (facts & traffic) != 0) {
        enum stance stance = stance_of_any(facts);
        if (stance != STANCE_NONE)
            return stance;
    }
    if (facts_are_packets_only(facts) && (facts & definite_inet6) != 0)
        return STANCE_DUAL;
    if ((facts & BIT(RAW_INET)) != 0 || carries_inet(facts))
        return STANCE_IPV4;
    enum stance stance = stance_without_sockets(facts);
    if (stance == STANCE_NONE && (facts & packets) != 0 && (facts & (text_inet | BIT(INTERFACE_INET))) != 0)
        return STANCE_IPV4;
    return stance;
}

bool facts_are_packets_only(facts_t facts)
{
    bool stream = (facts & (BIT(SOCKET_INET) | BIT(SOCKET_ANY))) != 0 && (facts & traffic) != 0;
    /* Datagrams to groups or to all are a protocol of their own; beside raw sockets they serve to make those. */
    bool protocol = (facts & BIT(DATAGRAM_INET)) != 0 && (facts & BIT(DATAGRAM)) != 0 &&
                    (facts & (BIT(BROADCAST) | BIT(MULTICAST_INET))) != 0 && (facts & BIT(RAW_INET)) == 0;
    return (facts & packets) != 0 && !stream && !protocol;
}

static const struct {
    const char *name;
    const char *title;
} verdicts[VERDICT_COUNT] = {
    [VERDICT_READY] = {"ready", "speaks IPv6"},
    [VERDICT_SHIM] = {"shim", "works under the shim"},
    [VERDICT_PARTLY] = {"partly", "works under the shim in part"},
    [VERDICT_OUT_OF_REACH] = {"out-of-reach", "out of the shim's reach"},
    [VERDICT_NO_NETWORK] = {"no-network", "no network"},
    [VERDICT_UNKNOWN] = {"unknown", "unknown"},
};

const char *verdict_name(enum verdict verdict)
{
    return verdicts[verdict].name;
}

const char *verdict_title(enum verdict verdict)
{
    return verdicts[verdict].title;
}

enum verdict verdict_parse(const char *name)
{
    for (unsigned index = 0; index < VERDICT_COUNT; index++)
        if (strcmp(verdicts[index].name, name) == 0)
            return (enum verdict)index;
    return VERDICT_COUNT;
}
