#include "runtime/replies.h"

#include "runtime/glance.h"
#include "runtime/loopback_peers.h"
#include "runtime/translators.h"

_Atomic bool replies_any;

static bool is_ipv6_loopback(const struct sockaddr_storage *source)
{
    return source->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)source)->sin6_addr);
}

view *replies_note(int fd, const struct sockaddr_storage *source, socklen_t length)
{
    bool loopback = loopback_peers_note(fd, source, length), translated = translators_note(source, length);
    if ((loopback || translated) && !replies_may_concern()) {
        atomic_store_explicit(&replies_any, true, memory_order_relaxed);
        glance_at_all_addresses();
    }
    return !loopback && is_ipv6_loopback(source) ? view_of_twin : view_of;
}

bool replies_way_back(int fd, const struct sockaddr_in *peer, struct ip_address *address)
{
    const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct ip_address shown = address_ipv4(peer->sin_addr);
    uint16_t port = ntohs(peer->sin_port);
    if (!address_is_loopback(&shown))
        return translators_way_back(peer->sin_addr, port, address);
    *address = address_ipv6(&loopback, 0);
    return peer->sin_addr.s_addr == htonl(INADDR_LOOPBACK) && loopback_peers_is_ipv6(fd, port);
}
