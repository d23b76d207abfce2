#include "runtime/loopback_peers.h"

#include <stdatomic.h>

#include "core/address.h"

#define PORTS     65536
#define WORD_BITS 64

static _Atomic uint64_t on_ipv6[PORTS / WORD_BITS];

bool loopback_peers_note(const struct sockaddr_storage *source, socklen_t length)
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
    _Atomic uint64_t *word = &on_ipv6[port / WORD_BITS];
    uint64_t bit = (uint64_t)1 << port % WORD_BITS;
    if (plain.family == AF_INET6)
        atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
    else if ((atomic_load_explicit(word, memory_order_relaxed) & bit) != 0)
        atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
    return plain.family == AF_INET6;
}

bool loopback_peers_is_ipv6(uint16_t port)
{
    return (atomic_load_explicit(&on_ipv6[port / WORD_BITS], memory_order_relaxed) >> port % WORD_BITS & 1) != 0;
}
