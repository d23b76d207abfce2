#include "runtime/replies.h"

#include "runtime/glance.h"
#include "runtime/loopback_peers.h"
#include "runtime/translators.h"

_Atomic bool replies_any;

void replies_note(const struct sockaddr_storage *source, socklen_t length)
{
    bool loopback = loopback_peers_note(source, length), translated = translators_note(source, length);
    if (!(loopback || translated) || replies_may_concern())
        return;
    atomic_store_explicit(&replies_any, true, memory_order_relaxed);
    glance_at_all_addresses();
}

bool replies_way_back(const struct sockaddr_in *peer, struct ip_address *address)
{
    const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct ip_address shown = address_ipv4(peer->sin_addr);
    uint16_t port = ntohs(peer->sin_port);
    if (!address_is_loopback(&shown))
        return translators_way_back(peer->sin_addr, port, address);
    *address = address_ipv6(&loopback, 0);
    return loopback_peers_is_ipv6(port);
}
