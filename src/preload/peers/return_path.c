/* Remembers which way an answer to a UDP peer goes; called when datagrams come in and go out. */
#include "preload/peers/return_path.h"

#include "preload/base/clock.h"
#include "preload/base/fast_path.h"
#include "preload/peers/loopback_twin.h"
#include "preload/peers/translators.h"

_Atomic bool return_path_any;

/* --- peers on ::1 --- */

/*
 * The program is shown 127.0.0.1 for them and answers there; the port tells which of the two it means. So a port
 * belongs to ::1 only while nobody else is to be reached at 127.0.0.1 with it (loopback_twin.h), which the kernel is
 * asked again after a second, and an IPv4 datagram ends it: no other program can draw away by a datagram from ::1
 * what is meant for a server on 127.0.0.1.
 */
#define PORTS     65536
#define IS_IPV6   1u /* the word of a port: this bit, and when the kernel was asked, in seconds + 1; 0 is never */
#define TIME_UNIT 2u

static _Atomic uint32_t ports[PORTS];

static uint32_t now_in_words(void)
{
    return (uint32_t)(clock_now_ms() / CLOCK_MS_PER_S + 1) * TIME_UNIT;
}

static bool ask_kernel(int fd, uint16_t port, uint32_t now)
{
    bool is_ipv6 = !loopback_twin_hears(fd, port);
    atomic_store_explicit(&ports[port], now | (is_ipv6 ? IS_IPV6 : 0), memory_order_relaxed);
    return is_ipv6;
}

/* True: from ::1, and the port is that one's. */
static bool note_loopback(int fd, const struct sockaddr_storage *source, socklen_t length)
{
    struct ip_address address;
    uint16_t port;
    const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)source)->sin6_addr;
    /* ::1 and ::ffff:127.0.0.1 begin with zeros: few others do. */
    if (ipv6->s6_addr32[0] != 0 || ipv6->s6_addr32[1] != 0)
        return false;
    if (!address_from_sockaddr((const struct sockaddr *)source, length, &address, &port))
        return false;
    struct ip_address plain = address_unmap(&address);
    if (!address_is_loopback(&plain))
        return false;
    uint32_t word = atomic_load_explicit(&ports[port], memory_order_relaxed);
    if (plain.family == AF_INET6) {
        uint32_t now = now_in_words();
        return (word & ~IS_IPV6) == now ? (word & IS_IPV6) != 0 : ask_kernel(fd, port, now);
    }
    if ((word & IS_IPV6) != 0)
        atomic_store_explicit(&ports[port], now_in_words(), memory_order_relaxed);
    return false;
}

/* Whether what `fd` sends to 127.0.0.1 with this port is meant for ::1. */
static bool is_ipv6_loopback_port(int fd, uint16_t port)
{
    uint32_t word = atomic_load_explicit(&ports[port], memory_order_relaxed);
    if ((word & IS_IPV6) == 0)
        return false;
    uint32_t now = now_in_words();
    return (word & ~IS_IPV6) == now || ask_kernel(fd, port, now);
}

/* --- clients of a trusted translator --- */

/*
 * The way back is remembered for each address and port, as many as there is room for; where a later one has displaced
 * it the answer goes over IPv4. A word for each: 1 + the number of the prefix << 48 | port << 32 | address.
 */
#define WAYS_BITS    15
#define PREFIX_SHIFT 48
#define PORT_SHIFT   32
#define MIX          UINT64_C(0x9e3779b97f4a7c15)

static _Atomic uint64_t ways[1u << WAYS_BITS];

static uint64_t end_of(struct in_addr client, uint16_t port)
{
    return (uint64_t)port << PORT_SHIFT | client.s_addr;
}

static _Atomic uint64_t *way_of(uint64_t end)
{
    return &ways[(end * MIX) >> (64 - WAYS_BITS)];
}

/* True for a client behind a translator. */
static bool note_translated(const struct sockaddr_storage *source, socklen_t length)
{
    struct ip_address address;
    struct in_addr client;
    uint16_t port;
    const struct nat64_setting *trusted = translators_trusted();
    if (trusted == NULL || !address_from_sockaddr((const struct sockaddr *)source, length, &address, &port))
        return false;
    if (translators_show(&address, &client)) {
        const struct nat64_prefix *prefix = nat64_prefix_of(trusted->prefixes, trusted->count, &address);
        uint64_t number = (uint64_t)(prefix - trusted->prefixes) + 1, end = end_of(client, port);
        atomic_store_explicit(way_of(end), number << PREFIX_SHIFT | end, memory_order_relaxed);
        return true;
    }
    if (address_is_mapped(&address)) {
        uint64_t end = end_of(address_unmap(&address).ipv4, port);
        uint64_t word = atomic_load_explicit(way_of(end), memory_order_relaxed);
        if (word != 0 && word << (64 - PREFIX_SHIFT) == end << (64 - PREFIX_SHIFT))
            atomic_store_explicit(way_of(end), 0, memory_order_relaxed);
    }
    return false;
}

static bool way_back_to_translated(struct in_addr client, uint16_t port, struct ip_address *address)
{
    const struct nat64_setting *trusted = translators_trusted();
    if (trusted == NULL)
        return false;
    uint64_t end = end_of(client, port), word = atomic_load_explicit(way_of(end), memory_order_relaxed);
    uint64_t number = word >> PREFIX_SHIFT;
    if (number == 0 || number > trusted->count || word != (number << PREFIX_SHIFT | end))
        return false;
    *address = nat64_embed(&trusted->prefixes[number - 1], client);
    return true;
}

/* --- both --- */

static bool is_ipv6_loopback(const struct sockaddr_storage *source)
{
    return source->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)source)->sin6_addr);
}

view *return_path_note(int fd, const struct sockaddr_storage *source, socklen_t length)
{
    bool loopback = note_loopback(fd, source, length), translated = note_translated(source, length);
    if ((loopback || translated) && !return_path_may_concern()) {
        atomic_store_explicit(&return_path_any, true, memory_order_relaxed);
        fast_path_at_all_addresses();
    }
    return !loopback && is_ipv6_loopback(source) ? view_of_twin : view_of;
}

bool return_path_way_back(int fd, const struct sockaddr_in *peer, struct ip_address *address)
{
    const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct ip_address shown = address_ipv4(peer->sin_addr);
    uint16_t port = ntohs(peer->sin_port);
    if (!address_is_loopback(&shown))
        return way_back_to_translated(peer->sin_addr, port, address);
    *address = address_ipv6(&loopback, 0);
    return peer->sin_addr.s_addr == htonl(INADDR_LOOPBACK) && is_ipv6_loopback_port(fd, port);
}
