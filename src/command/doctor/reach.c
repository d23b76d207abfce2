/* Judges the candidates of a name; called by v6shim doctor. */
#include "command/doctor/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "command/common/date.h"
#include "core/base/error_text.h"
#include "core/base/slot.h"
#include "core/race/eyeballs.h"
#include "core/race/outcome.h"
#include "preload/base/clock.h"
#include "preload/nat64/discovery.h"
#include "preload/resolve/resolve.h"
#include "preload/state/state.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"

#define US_PER_MS          1000.0
#define FIRST_FAMILY_COUNT 1 /* as preload/connect/race.c has it */

/* --- names --- */

/* One family's half of the answer. */
struct half {
    struct resolve_addresses list;
    int error; /* of getaddrinfo(); 0 */
    double took_ms;
};

static void look_up(const char *name, int family, struct half *half)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *found;
    int64_t start_us = clock_now_us();
    half->list.count = 0;
    half->error = getaddrinfo(name, NULL, &hints, &found);
    half->took_ms = (double)(clock_now_us() - start_us) / US_PER_MS;
    if (half->error != 0)
        return;
    for (const struct addrinfo *entry = found; entry != NULL; entry = entry->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(entry->ai_addr, entry->ai_addrlen, &address, NULL))
            resolve_add(&half->list, &address);
    }
    freeaddrinfo(found);
}

static void judge_answers(struct findings *findings, const char *name, const struct half *ipv6,
                          const struct half *ipv4)
{
    double delay_ms = (double)settings_current()->resolution_delay_ms;
    if (ipv6->error == EAI_AGAIN)
        finding_add(findings, FINDING_WRONG, "resolver", "use a resolver that does",
                    "the resolver does not answer what is the IPv6 address of %s (AAAA), only the IPv4 one: it was "
                    "waited for for %.0f ms",
                    name, ipv6->took_ms);
    else if (ipv6->list.count == 0)
        finding_add(findings, FINDING_NOTE, "name", "", "%s has no IPv6 address", name);
    else if (ipv4->list.count > 0 && ipv6->took_ms > ipv4->took_ms + delay_ms)
        finding_add(findings, FINDING_NOTE, "resolver",
                    "set resolution-delay to more; an answer that was kept by the resolver comes sooner",
                    "the resolver took %.0f ms for the IPv6 addresses of %s, and %.0f ms for the IPv4 ones: a lookup "
                    "goes on without them after %.0f ms",
                    ipv6->took_ms, name, ipv4->took_ms, delay_ms);
}

/* --- the order --- */

/* An address, how it is reached, and what the last race said of it. */
struct candidate {
    struct ip_address address, source;
    bool has_source, has_lost;
    struct outcome outcome; /* where it has lost */
};

/* As preload/connect/history.c looks at it. */
static bool find_outcome(const struct ip_address *address, const struct ip_address *source, struct outcome *outcome)
{
    uint8_t payload[OUTCOME_SIZE];
    struct ip_address network = outcome_network(source);
    return state_slot_read(state_current(), STATE_HISTORY, outcome_slot(address, &network, STATE_HISTORY_SLOTS),
                           payload) &&
           outcome_decode(payload, outcome) &&
           outcome_counts(outcome, address, &network, (uint64_t)clock_calendar_s());
}

static struct candidate describe(const struct ip_address *address)
{
    struct candidate candidate = {.address = *address};
    candidate.has_source = sources_find(address, &candidate.source);
    candidate.has_lost = candidate.has_source && find_outcome(address, &candidate.source, &candidate.outcome);
    return candidate;
}

/* As preload/connect/connection.c has it: else they are tried one after the other, and the history isn't asked. */
static bool may_race(const struct resolve_addresses *ordered)
{
    bool races = settings_current()->connect == CONNECT_RACE && ordered->count > 1;
    for (size_t index = 0; index < ordered->count; index++)
        races = races && !address_is_loopback(&ordered->addresses[index]);
    return races;
}

/* The order in which a connection would start: those that have not lost lately, with the families in turn, and then
   the others. How many. */
static size_t put_in_order(const struct resolve_addresses *ordered, struct candidate list[RESOLVE_ADDRESSES])
{
    struct candidate all[RESOLVE_ADDRESSES];
    struct ip_address fresh[RESOLVE_ADDRESSES];
    unsigned places[RESOLVE_ADDRESSES], order[RESOLVE_ADDRESSES], fresh_count = 0;
    size_t count = 0;
    bool races = may_race(ordered);
    for (unsigned index = 0; index < ordered->count; index++) {
        all[index] = describe(&ordered->addresses[index]);
        all[index].has_lost = all[index].has_lost && races;
        if (all[index].has_lost)
            continue;
        places[fresh_count] = index;
        order[fresh_count] = fresh_count;
        fresh[fresh_count++] = ordered->addresses[index];
    }
    if (races)
        eyeballs_interleave(fresh, fresh_count, 0, FIRST_FAMILY_COUNT, order);
    for (unsigned index = 0; index < fresh_count; index++)
        list[count++] = all[places[order[index]]];
    for (size_t index = 0; index < ordered->count; index++)
        if (all[index].has_lost)
            list[count++] = all[index];
    return count;
}

/* --- each --- */

/* 0, or errno of connecting: ETIMEDOUT where nothing answered in time. */
static int connect_error(const struct ip_address *address, uint16_t port)
{
    struct sockaddr_storage destination;
    socklen_t length = address_to_sockaddr(address, port, &destination), size = sizeof(int);
    int error = 0, fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, (const struct sockaddr *)&destination, length) != 0)
        error = errno;
    if (error == EINPROGRESS) {
        struct pollfd waiting = {.fd = fd, .events = POLLOUT};
        error = ETIMEDOUT;
        if (poll(&waiting, 1, REACH_WAIT_MS) > 0)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
    return error;
}

static const char *remedy_of(int error)
{
    return error == ECONNREFUSED               ? "no server listens there, or a firewall refuses"
           : error == EACCES || error == EPERM ? "a firewall or a route forbids it, here or on the path"
           : error == ETIMEDOUT                ? "the path or a firewall on it drops packets"
           : error == EHOSTUNREACH             ? "a router or a firewall on the path says so"
                                               : "see whether its network is there";
}

static void judge_port(struct findings *findings, const struct candidate *candidate, uint16_t port)
{
    char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
    int64_t start_us = clock_now_us();
    int error = connect_error(&candidate->address, port);
    double took_ms = (double)(clock_now_us() - start_us) / US_PER_MS;
    address_print(&candidate->address, address);
    address_print(&candidate->source, source);
    if (error == 0)
        finding_add(findings, FINDING_GOOD, "candidate", "", "%s: port %u was reached after %.1f ms, from %s",
                    address, port, took_ms, source);
    else
        finding_add(findings, FINDING_WRONG, "candidate", remedy_of(error),
                    "%s: port %u was not reached, from %s: %s after %.1f ms", address, port, source,
                    error_words(error), took_ms);
}

static void judge_history(struct findings *findings, const struct candidate *candidate)
{
    const struct outcome *outcome = &candidate->outcome;
    char address[ADDRESS_TEXT_SIZE], winner[ADDRESS_TEXT_SIZE], lost[DATE_SIZE], until[DATE_SIZE];
    finding_add(findings, FINDING_NOTE, "history", "v6shim history --clear gives it its turn again",
                "%s lost to %s at %s, and is tried after the others until %s",
                address_print(&candidate->address, address), address_print(&outcome->winner, winner),
                date_print((int64_t)outcome->time_s, DATE_OF_DAY, lost),
                date_print((int64_t)outcome->time_s + outcome->lifetime_s, DATE_OF_DAY, until));
}

static void judge_candidate(struct findings *findings, const struct candidate *candidate, uint16_t port)
{
    char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];
    bool is_ipv6 = candidate->address.family == AF_INET6;
    address_print(&candidate->address, address);
    if (!candidate->has_source)
        finding_add(findings, is_ipv6 ? FINDING_WRONG : FINDING_NOTE, "candidate",
                    is_ipv6 ? "v6shim doctor tells what this host lacks" : "v6shim nat64 tells whether NAT64 is here",
                    "%s: there is no route", address);
    else if (port != 0)
        judge_port(findings, candidate, port);
    else
        finding_add(findings, FINDING_GOOD, "candidate", "", "%s: there is a route, from %s", address,
                    address_print(&candidate->source, source));
    if (candidate->has_lost)
        judge_history(findings, candidate);
}

static bool contains(const struct resolve_addresses *list, const struct ip_address *address)
{
    for (size_t index = 0; index < list->count; index++)
        if (address_equal(&list->addresses[index], address))
            return true;
    return false;
}

/* What the resolver gave and no connection tries. What a DNS64 made is there as the IPv4 address that it was made of.
 */
static void judge_left_out(struct findings *findings, const struct resolve_addresses *found,
                           const struct resolve_addresses *ordered)
{
    for (size_t index = 0; index < found->count; index++) {
        const struct ip_address *address = &found->addresses[index];
        char text[ADDRESS_TEXT_SIZE];
        struct in_addr inside;
        if (!contains(ordered, address) && !nat64_discovery_recover(address, &inside) && !address_is_mapped(address))
            finding_add(findings, FINDING_NOTE, "candidate", "",
                        settings_current()->families != FAMILIES_BOTH
                            ? "%s: not tried, by the setting families"
                            : "%s: not tried, since it is no address to connect to, or nearer to this host than the "
                              "IPv4 addresses of the name (docs/limits.md)",
                        address_print(address, text));
    }
}

void reach_judge(struct findings *findings, const char *name, uint16_t port)
{
    static struct half ipv6, ipv4;
    static struct resolve_addresses ordered;
    static struct candidate list[RESOLVE_ADDRESSES];
    look_up(name, AF_INET6, &ipv6);
    look_up(name, AF_INET, &ipv4);
    if (ipv6.list.count + ipv4.list.count == 0) {
        finding_add(findings, FINDING_WRONG, "name", "see whether it is spelt right, and the resolver answers",
                    "%s has no address: %s", name, gai_strerror(ipv4.error));
        return;
    }
    judge_answers(findings, name, &ipv6, &ipv4);
    if (settings_current()->families == FAMILIES_INET)
        ordered = ipv4.list;
    else
        resolve_order(name, &ipv4.list, &ipv6.list, &ordered);
    size_t count = put_in_order(&ordered, list);
    for (size_t index = 0; index < count; index++)
        judge_candidate(findings, &list[index], port);
    judge_left_out(findings, &ipv6.list, &ordered);
    judge_left_out(findings, &ipv4.list, &ordered);
}
