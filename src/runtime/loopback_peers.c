#include "runtime/loopback_peers.h"

#include <stdatomic.h>

#include "core/address.h"
#include "runtime/clock.h"
#include "runtime/loopback_twin.h"

#define PORTS     65536
#define IS_IPV6   1u /* the word of a port: this bit, and when the kernel was asked, in seconds + 1; 0 is never */
#define TIME_UNIT 2u

static _Atomic uint32_t words[PORTS];

static uint32_t now_in_words(void)
{
    return (uint32_t)(clock_now_ms() / CLOCK_MS_PER_S + 1) * TIME_UNIT;
}

static bool ask_kernel(int fd, uint16_t port, uint32_t now)
{
    bool is_ipv6 = !loopback_twin_hears(fd, port);
    atomic_store_explicit(&words[port], now | (is_ipv6 ? IS_IPV6 : 0), memory_order_relaxed);
    return is_ipv6;
}

bool loopback_peers_note(int fd, const struct sockaddr_storage *source, socklen_t length)
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
    uint32_t word = atomic_load_explicit(&words[port], memory_order_relaxed);
    if (plain.family == AF_INET6) {
        uint32_t now = now_in_words();
        return (word & ~IS_IPV6) == now ? (word & IS_IPV6) != 0 : ask_kernel(fd, port, now);
    }
    if ((word & IS_IPV6) != 0)
        atomic_store_explicit(&words[port], now_in_words(), memory_order_relaxed);
    return false;
}

bool loopback_peers_is_ipv6(int fd, uint16_t port)
{
    uint32_t word = atomic_load_explicit(&words[port], memory_order_relaxed);
    if ((word & IS_IPV6) == 0)
        return false;
    uint32_t now = now_in_words();
    return (word & ~IS_IPV6) == now || ask_kernel(fd, port, now);
}
