/* Decides as which IPv4 address the program sees an address, and copies it out; called by every hook that hands
   out one. */
#include "preload/peers/view.h"

#include <netinet/in.h>
#include <string.h>

#include "preload/alias/aliases.h"
#include "preload/peers/impostor.h"
#include "preload/peers/listen_map.h"
#include "preload/peers/translators.h"

struct in_addr view_of(const struct ip_address *address)
{
    if (address->family == AF_INET)
        return impostor_shown(address->ipv4);
    if (address_is_mapped(address))
        return impostor_shown(address_unmap(address).ipv4);
    if (address_is_unspecified(address))
        return (struct in_addr){.s_addr = htonl(INADDR_ANY)};
    if (address_is_loopback(address))
        return (struct in_addr){.s_addr = htonl(INADDR_LOOPBACK)};
    struct in_addr client;
    return translators_show(address, &client) ? impostor_shown(client) : aliases_of(address, ALIAS_PEER);
}

struct in_addr view_of_twin(const struct ip_address *address)
{
    bool is_ipv6_loopback =
        address->family == AF_INET6 && address_is_loopback(address) && !address_is_mapped(address);
    return is_ipv6_loopback ? aliases_of(address, ALIAS_PEER) : view_of(address);
}

struct in_addr view_of_local(const struct ip_address *address)
{
    struct in_addr bound;
    if (listen_map_find_ipv4(address, &bound))
        return bound;
    return address_is_mapped(address) ? address_unmap(address).ipv4 : view_of(address);
}

void view_copy_out(const void *full, socklen_t full_length, struct sockaddr *address, socklen_t *length)
{
    if (address == NULL || length == NULL)
        return;
    memcpy(address, full, *length < full_length ? *length : full_length);
    *length = full_length;
}

void view_hand_out(const struct sockaddr_storage *full, socklen_t full_length, view *shown_as,
                   struct sockaddr *address, socklen_t *length)
{
    struct ip_address native;
    struct sockaddr_in shown;
    uint16_t port;
    if (full->ss_family == AF_INET && full_length == sizeof shown && shown_as != view_of_local) {
        memcpy(&shown, full, sizeof shown);
        shown.sin_addr = impostor_shown(shown.sin_addr);
        view_copy_out(&shown, sizeof shown, address, length);
        return;
    }
    if (full->ss_family != AF_INET6 || shown_as == NULL ||
        !address_from_sockaddr((const struct sockaddr *)full, full_length, &native, &port)) {
        view_copy_out(full, full_length, address, length);
        return;
    }
    shown = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = shown_as(&native)};
    view_copy_out(&shown, sizeof shown, address, length);
}
