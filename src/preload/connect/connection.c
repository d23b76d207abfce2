/* Decides how a connection is made: raced, one address after the other, or by the kernel alone; called by
   connect()'s hook. */
#include "preload/connect/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "core/address/transport.h"
#include "core/race/eyeballs.h"
#include "preload/alias/aliases.h"
#include "preload/base/guard.h"
#include "preload/connect/attempts.h"
#include "preload/connect/background.h"
#include "preload/connect/destinations.h"
#include "preload/connect/history.h"
#include "preload/connect/patience.h"
#include "preload/connect/race.h"
#include "preload/connect/single.h"
#include "preload/log/log.h"
#include "preload/nat64/discovery.h"
#include "preload/peers/outbound.h"
#include "preload/relay/relay.h"
#include "preload/resolve/redirect.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/thread/signal_handler.h"
#include "preload/upgrade/upgrade.h"

/* ::1 is tried only after 127.0.0.1 has refused: anything else could hand the connection to another local user. */
static bool may_try(const struct ip_address *candidate, size_t place, int ipv4_loopback_result)
{
    return place == 0 || candidate->family != AF_INET6 || !address_is_loopback(candidate) ||
           ipv4_loopback_result == -ECONNREFUSED;
}

/* As race_prohibits(); 0 or -errno. */
static int prohibits(const struct destinations *destinations, const int *results, size_t place)
{
    struct in_addr ipv4;
    if (!nat64_discovery_recover_former(&destinations->addresses[place], &ipv4))
        return 0;
    for (size_t i = 0; i < place; i++) {
        const struct ip_address *address = &destinations->addresses[i];
        if ((results[i] == -EPERM || results[i] == -EACCES) && address->family == AF_INET &&
            address->ipv4.s_addr == ipv4.s_addr)
            return results[i];
    }
    return 0;
}

/* Not inline: the list is large, and gone before the attempt begins. */
__attribute__((noinline)) static bool lost_lately(const struct ip_address *address)
{
    struct history_candidates candidates = {.count = 1};
    candidates.addresses[0] = *address;
    history_reorder(&candidates);
    return candidates.fresh == 0;
}

/* How long a candidate may say nothing: not for ever where what the program would have tried without us has
   failed, see eyeballs_limit_silence(), and less where it was silent lately (race_silence_limit). */
static int64_t silence_limit(const struct destinations *destinations, const int *results, size_t place)
{
    bool asked = destinations->behind_ipv4;
    for (size_t i = 0; i < destinations->count; i++) {
        bool bare = destinations_bare_tries(destinations, &destinations->addresses[i]);
        if (bare && i >= place)
            return PATIENCE_FOREVER;
        asked = asked || (bare && eyeballs_was_asked(-results[i]));
    }
    if (!asked)
        return PATIENCE_FOREVER;
    return lost_lately(&destinations->addresses[place]) ? history_silence_limit()
                                                        : settings_current()->silence_limit_ms;
}

static int try_in_order(int fd, const struct destinations *destinations, uint16_t port, bool is_stream)
{
    int told = -ENETUNREACH, ipv4_loopback_result = 0;
    int results[CANDIDATES_PER_LIST] = {0};
    for (size_t i = 0; i < destinations->count; i++) {
        const struct ip_address *candidate = &destinations->addresses[i];
        if (!may_try(candidate, i, ipv4_loopback_result))
            continue;
        int result = prohibits(destinations, results, i);
        if (result == 0)
            result = single_try(fd, candidate, port,
                                is_stream ? silence_limit(destinations, results, i) : PATIENCE_FOREVER);
        results[i] = result;
        if (single_is_underway(result)) {
            if (result == 0 && destinations->count > 1)
                log_connection(EVENT_WON, fd, candidate, port, 0);
            destinations_mark(destinations, false);
            return result;
        }
        if (candidate->family == AF_INET && address_is_loopback(candidate))
            ipv4_loopback_result = result;
        if (eyeballs_error_outranks(-result, -told))
            told = result;
    }
    destinations_mark(destinations, true);
    if (destinations->count > 1)
        log_connection(EVENT_FAILED, fd, NULL, port, told);
    return told;
}

/* Puts those of a family before the others, each group in its order: how many they are. */
static size_t put_first(struct destinations *destinations, sa_family_t family)
{
    size_t first = 0;
    for (size_t i = 0; i < destinations->count; i++) {
        struct ip_address address = destinations->addresses[i];
        if (address.family != family)
            continue;
        memmove(&destinations->addresses[first + 1], &destinations->addresses[first], (i - first) * sizeof address);
        destinations->addresses[first++] = address;
    }
    return first;
}

/* Whether these candidates may be raced. ::1 waits for 127.0.0.1 to refuse, so the loopback is tried in order. */
static bool may_race(const struct destinations *destinations, size_t least)
{
    if (settings_current()->connect != CONNECT_RACE || destinations->count < least)
        return false;
    for (size_t i = 0; i < destinations->count; i++)
        if (address_is_loopback(&destinations->addresses[i]))
            return false;
    return true;
}

/* A connection that is to be relayed, and that the program doesn't wait for, is a race of one address: the relay can
   begin when it is there, and somebody has to see that. */
static size_t least_for_race(bool nonblocking, uint16_t port)
{
    return nonblocking && relay_wants(port) ? 1 : 2;
}

/* -EAGAIN where there can't be a race. */
static int race_these(const struct original *original, bool nonblocking, const struct destinations *destinations,
                      uint16_t port)
{
    if (destinations->count < least_for_race(nonblocking, port))
        return -EAGAIN;
    return nonblocking ? background_start(original, destinations, port) : race_run(original, destinations, port);
}

/* A socket that is bound to an address reaches those of its family from there. Without a race, the others count again
   and each family is in its order. */
static int race(int fd, bool as_made, bool nonblocking, struct destinations *destinations, uint16_t port)
{
    struct original original;
    if (!attempts_read_original(fd, as_made, &original))
        return -EAGAIN;
    size_t all = destinations->count;
    if (!address_is_unspecified(&original.address))
        destinations->count = put_first(destinations, original.address.family);
    int result = race_these(&original, nonblocking, destinations, port);
    destinations->count = all;
    return result;
}

static int connect_stream(int fd, bool as_made, struct destinations *destinations, uint16_t port)
{
    int result = -EAGAIN;
    if (destinations->behind_ipv4 && kernel_is_nonblocking(fd))
        destinations_add_face(destinations);
    bool nonblocking = (relay_wants(port) || destinations->count > 1) && kernel_is_nonblocking(fd);
    if (may_race(destinations, least_for_race(nonblocking, port))) {
        /* What can't be set from a record is set on one socket only: by the upgrade, where the kernel lets it. */
        if (!sockets_has(fd, SOCKET_UNREPLAYABLE | SOCKET_FILTERED))
            result = race(fd, as_made, nonblocking, destinations, port);
        if (result == -EAGAIN)
            log_connection(EVENT_ORDER, fd, NULL, port, 0);
        /* Where a race was wanted and can't be had, IPv4 addresses come first, if there are any: an attempt over IPv6
           that has to end before the next could hang where the program would not have hung without us, and one that
           doesn't wait has no second one. */
        if (result == -EAGAIN)
            put_first(destinations, AF_INET);
    }
    sockets_set(sockets_find(fd), SOCKET_TRIED);
    if (result == -EAGAIN)
        return try_in_order(fd, destinations, port, true);
    destinations_mark(destinations, !single_is_underway(result));
    return result;
}

static int connect_left_alone(int fd, const struct destinations *destinations, uint16_t port)
{
    struct in_addr ipv4;
    if (!destinations_ipv4(destinations, &ipv4))
        return -ENETUNREACH;
    struct ip_address address = address_ipv4(ipv4);
    return single_connect(fd, &address, port);
}

static bool is_udp(int fd)
{
    return transport_is(SOCK_DGRAM, kernel_socket_integer(fd, SO_PROTOCOL)) &&
           kernel_socket_integer(fd, SO_TYPE) == SOCK_DGRAM;
}

static bool may_be_shown_as_ipv4(const struct destinations *destinations)
{
    struct in_addr shown;
    for (size_t i = 0; i < destinations->count; i++)
        if (outbound_recover(&destinations->addresses[i], &shown))
            return true;
    return false;
}

/* Not inline, as lost_lately(). */
__attribute__((noinline)) static void put_losers_last(struct destinations *destinations)
{
    struct history_candidates candidates = {.count = (unsigned)destinations->count};
    memcpy(candidates.addresses, destinations->addresses, sizeof candidates.addresses);
    history_reorder(&candidates);
    memcpy(destinations->addresses, candidates.addresses, sizeof candidates.addresses);
}

/* UDP's connect() tells nothing of the peer, and datagrams can't be raced: they go to the IPv4 address that was asked
   for while it has a route. Where it was an alias, what TCP has found out lately has to do. */
static int connect_datagram(int fd, struct destinations *destinations, uint16_t port)
{
    destinations_put_asked_first(destinations);
    if (destinations->count > 1 && aliases_contains(destinations->asked))
        put_losers_last(destinations);
    return try_in_order(fd, destinations, port, false);
}

static void note_translated(int fd, const struct destinations *destinations)
{
    if (may_be_shown_as_ipv4(destinations))
        sockets_set(sockets_find(fd), SOCKET_TRANSLATED);
    else
        sockets_clear(sockets_find(fd), SOCKET_TRANSLATED);
}

/* `state` is that of a TCP socket, else it is one of UDP; `as_made`: upgrade_is_as_made(). */
static int connect_to_any(int fd, int state, bool as_made, struct destinations *destinations, uint16_t port)
{
    int result =
        state >= 0 ? connect_stream(fd, as_made, destinations, port) : connect_datagram(fd, destinations, port);
    if (single_is_underway(result))
        note_translated(fd, destinations);
    return result;
}

/*
 * The usual case: the first connect() of a TCP socket, to an alias that stands for one IPv6 address alone. The same
 * comes of it as of connect_to_any(), with one question to the kernel about the socket. False: this is not the usual
 * case, and nothing was done.
 */
static bool connect_untouched(int fd, const struct destinations *destinations, uint16_t port, int *result)
{
    const struct ip_address *address = &destinations->addresses[0];
    if (destinations->count != 1 || address->family != AF_INET6 || destinations->behind_ipv4)
        return false;
    *result = single_try_untouched(fd, address, port);
    if (*result == -ESTALE)
        return false;
    if (single_is_underway(*result))
        note_translated(fd, destinations);
    else if (!eyeballs_error_outranks(-*result, ENETUNREACH))
        *result = -ENETUNREACH;
    return true;
}

/* Not inline: the list is large, and is not there yet while the ways are looked for. */
__attribute__((noinline)) static int connect_by_ways(int fd, int state, const struct sockaddr_in *asked,
                                                     const struct ip_address *ways, size_t count)
{
    struct destinations destinations;
    destinations_begin(asked->sin_addr, &destinations);
    memcpy(destinations.addresses, ways, count * sizeof *ways);
    destinations.count = count;
    return connect_to_any(fd, state, false, &destinations, ntohs(asked->sin_port));
}

int connection_translate(int fd, const struct sockaddr_in *asked)
{
    int saved = errno, state, result = -ENETUNREACH;
    struct ip_address ways[NAT64_PREFIXES_MAX];
    size_t count = 0;
    bool soon = false;
    bool tracked = sockets_find(fd) != NULL; /* so that it is one of TCP, which is closed after this, or of UDP */
    if (tracked)
        state = sockets_has(fd, SOCKET_STREAM) ? TCP_CLOSE : -ENOPROTOOPT;
    else
        state = kernel_tcp_state(fd);
    if (state == TCP_CLOSE || tracked || (state < 0 && is_udp(fd)))
        count = nat64_discovery_ways_for(fd, true, asked->sin_addr, ways, &soon);
    if (soon && state == TCP_CLOSE &&
        background_await(fd, asked->sin_addr, ntohs(asked->sin_port), BACKGROUND_AWAITS_PREFIX) == -EINPROGRESS) {
        sockets_set(sockets_find(fd), SOCKET_TRANSLATED | SOCKET_TRIED);
        result = -EINPROGRESS;
    } else {
        if (soon)
            count = nat64_discovery_ways_soon(asked->sin_addr, ways);
        if (count > 0)
            result = connect_by_ways(fd, state, asked, ways, count);
    }
    errno = saved;
    return result;
}

/* Behind the others come the ways through NAT64 to the IPv4 addresses among them, where a prefix is known. */
static bool add_ways(struct destinations *destinations)
{
    struct ip_address ways[NAT64_PREFIXES_MAX];
    size_t given = destinations->count;
    for (size_t i = 0; i < given && nat64_discovery_may_be_known(); i++) {
        const struct ip_address *address = &destinations->addresses[i];
        size_t count = address->family == AF_INET ? nat64_discovery_ways_to(address->ipv4, ways) : 0;
        for (size_t j = 0; j < count && destinations->count < CANDIDATES_PER_LIST; j++) {
            bool known = false;
            for (size_t k = 0; k < destinations->count; k++)
                known |= address_equal(&destinations->addresses[k], &ways[j]);
            if (!known)
                destinations->addresses[destinations->count++] = ways[j];
        }
    }
    return destinations->count > given;
}

/* To where the user sends an address that is burnt in to the program: there, or nowhere. 0; -EINPROGRESS where a
   socket that doesn't wait is on its way while the name is looked up; -ENETUNREACH. */
static int find_redirected(int fd, int state, const struct sockaddr_in *asked, struct destinations *destinations)
{
    bool waits = !kernel_is_nonblocking(fd);
    enum redirect_patience patience = signal_handler_may_run() ? REDIRECT_KNOWN
                                      : waits                  ? REDIRECT_ASK
                                                               : REDIRECT_START;
    destinations_begin(asked->sin_addr, destinations);
    destinations->count = redirect_find(asked->sin_addr, patience, destinations->addresses);
    if (destinations->count == 0 && patience == REDIRECT_START) {
        if (state == TCP_CLOSE && redirect_is_asked(asked->sin_addr) &&
            background_await(fd, asked->sin_addr, ntohs(asked->sin_port), BACKGROUND_AWAITS_NAME) == -EINPROGRESS) {
            sockets_set(sockets_find(fd), SOCKET_TRANSLATED | SOCKET_TRIED);
            return -EINPROGRESS;
        }
        destinations->count = redirect_find(asked->sin_addr, REDIRECT_BRIEFLY, destinations->addresses);
    }
    return destinations->count > 0 ? 0 : -ENETUNREACH;
}

/*
 * What the kernel says of a TCP socket that was used before, without a packet: -EISCONN, -EALREADY, the error of an
 * attempt that has failed and whose error nobody has read, 0 where a socket that waits has been connected. -EINVAL:
 * it is free to be connected, but not to so short an address.
 */
static int connect_again(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_INET};
    if (sockets_has(fd, SOCKET_FAILED))
        return -background_take_failure(fd);
    uintptr_t guard = guard_lift();
    int result = REAL(connect)(fd, &nowhere, sizeof nowhere.sa_family) == 0 ? 0 : -errno;
    guard_restore(guard);
    return result;
}

static int find(const struct sockaddr_in *asked, struct destinations *destinations)
{
    return destinations_find(asked->sin_addr, destinations) ? 0 : -ENETUNREACH;
}

/* `translated`: NAT64's ways to it are among those that were tried. Not inline: the list is gone before others are
   looked for. */
__attribute__((noinline)) static int make(int fd, const struct sockaddr_in *asked, bool redirected, bool *translated)
{
    struct destinations destinations;
    uint16_t port = ntohs(asked->sin_port);
    bool untouched = !redirected && sockets_is_untouched(fd) && !relay_wants(port), as_made = false;
    int found = untouched ? find(asked, &destinations) : -EAGAIN, result;
    if (found == 0) {
        if (connect_untouched(fd, &destinations, port, &result))
            return result;
        as_made = upgrade_is_as_made(fd);
    }
    int state = as_made ? TCP_CLOSE : kernel_tcp_state(fd);
    if (state == -EBADF || state == -ENOTSOCK)
        return state;
    if (state >= 0 && (state != TCP_CLOSE || sockets_has(fd, SOCKET_TRIED | SOCKET_FAILED))) {
        result = connect_again(fd);
        if (result != -EINVAL)
            return result;
    }
    if (!untouched)
        found = redirected ? find_redirected(fd, state, asked, &destinations) : find(asked, &destinations);
    if (found < 0)
        return found;
    if (state < 0 && !is_udp(fd))
        return connect_left_alone(fd, &destinations, port);
    *translated = state >= 0 && !redirected && add_ways(&destinations);
    return connect_to_any(fd, state, as_made, &destinations, port);
}

int connection_make(int fd, const struct sockaddr_in *asked)
{
    int saved = errno;
    bool redirected = redirect_concerns(asked->sin_addr), translated = false;
    int result = make(fd, asked, redirected, &translated);
    errno = saved;
    if (result != -ENETUNREACH || redirected || translated || aliases_contains(asked->sin_addr))
        return result;
    return connection_translate(fd, asked);
}

int connection_dissolve(int fd, const struct sockaddr *nowhere, socklen_t length)
{
    int saved = errno;
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof peer;
    bool upgraded = sockets_has(fd, SOCKET_UPGRADED) && !sockets_has(fd, SOCKET_STREAM) &&
                    REAL(getpeername)(fd, (struct sockaddr *)&peer, &peer_length) == 0;
    int result = REAL(connect)(fd, nowhere, length) == 0 ? 0 : -errno;
    if (result == 0)
        sockets_clear(sockets_find(fd), SOCKET_TRANSLATED);
    if (result == 0 && upgraded)
        upgrade_renew(fd);
    errno = saved;
    return result;
}

int connection_make_mapped(int fd, const struct sockaddr_in *asked)
{
    int saved = errno;
    struct ip_address address = address_ipv4(asked->sin_addr);
    int result = single_try(fd, &address, ntohs(asked->sin_port), PATIENCE_FOREVER);
    /* Not of TCP: the first connect() after a connection was made, which some programs call to learn of it, succeeds
       whatever the address, and that one goes on. */
    if (single_is_underway(result) && !sockets_has(fd, SOCKET_STREAM))
        sockets_clear(sockets_find(fd), SOCKET_TRANSLATED);
    errno = saved;
    return result == -ENETUNREACH ? connection_translate(fd, asked) : result;
}

int connection_make_back(int fd, const struct ip_address *peer, uint16_t port)
{
    int saved = errno, result = single_try(fd, peer, port, PATIENCE_FOREVER);
    if (single_is_underway(result))
        sockets_clear(sockets_find(fd), SOCKET_TRANSLATED);
    errno = saved;
    return result;
}
