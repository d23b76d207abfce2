#include "runtime/view.h"

#include <netinet/in.h>
#include <string.h>

#include "runtime/aliases.h"
#include "runtime/aware.h"
#include "runtime/sockets.h"

struct in_addr view_of(const struct ip_address *address)
{
    if (address->family == AF_INET)
        return address->ipv4;
    if (address_is_mapped(address))
        return address_unmap(address).ipv4;
    if (address_is_unspecified(address))
        return (struct in_addr){.s_addr = htonl(INADDR_ANY)};
    if (address_is_loopback(address))
        return (struct in_addr){.s_addr = htonl(INADDR_LOOPBACK)};
    return aliases_of(address, ALIAS_PEER);
}

void view_copy_out(const void *full, socklen_t full_length, struct sockaddr *address, socklen_t *length)
{
    if (address == NULL || length == NULL)
        return;
    memcpy(address, full, *length < full_length ? *length : full_length);
    *length = full_length;
}

void view_hand_out(const struct sockaddr_storage *full, socklen_t full_length, bool ipv4_shape,
                   struct sockaddr *address, socklen_t *length)
{
    struct ip_address native;
    uint16_t port;
    if (full->ss_family != AF_INET6 || !ipv4_shape ||
        !address_from_sockaddr((const struct sockaddr *)full, full_length, &native, &port)) {
        view_copy_out(full, full_length, address, length);
        return;
    }
    struct sockaddr_in shown = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = view_of(&native)};
    view_copy_out(&shown, sizeof shown, address, length);
}

bool view_is_ipv4(int fd, socklen_t room)
{
    if (sockets_has(fd, SOCKET_UPGRADED))
        return true;
    if (sockets_is_native(fd) || aware_is())
        return false;
    return room < sizeof(struct sockaddr_in6);
}
