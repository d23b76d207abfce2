#include "runtime/binding.h"

#include <errno.h>

#include "runtime/aliases.h"
#include "runtime/real.h"
#include "runtime/sockets.h"
#include "runtime/upgrade.h"

static int bind_to(int fd, const struct ip_address *address, uint16_t port)
{
    struct sockaddr_storage socket_address;
    socklen_t length = address_to_sockaddr(address, port, &socket_address);
    return REAL(bind)(fd, (const struct sockaddr *)&socket_address, length) == 0 ? 0 : -errno;
}

static int bind_to_alias(int fd, struct in_addr alias, uint16_t port)
{
    struct ip_address ipv6;
    if (!aliases_find_address(alias, &ipv6))
        return -EADDRNOTAVAIL;
    int result = upgrade_for_bind(fd);
    if (result == -EAFNOSUPPORT || result == -EISCONN)
        result = -EADDRNOTAVAIL;
    return result < 0 ? result : bind_to(fd, &ipv6, port);
}

static int bind_upgraded(int fd, const struct ip_address *ipv4, uint16_t port)
{
    struct ip_address address = address_map(ipv4->ipv4);
    if (address_is_unspecified(ipv4)) {
        struct in6_addr any = IN6ADDR_ANY_INIT;
        address = address_ipv6(&any, 0);
    }
    return bind_to(fd, &address, port);
}

int binding_make(int fd, const struct sockaddr_in *wanted)
{
    int saved = errno, result;
    struct ip_address ipv4 = address_ipv4(wanted->sin_addr);
    uint16_t port = ntohs(wanted->sin_port);
    if (aliases_contains(wanted->sin_addr))
        result = bind_to_alias(fd, wanted->sin_addr, port);
    else if (sockets_has(fd, SOCKET_UPGRADED))
        result = bind_upgraded(fd, &ipv4, port);
    else
        result = bind_to(fd, &ipv4, port);
    if (result == 0 && !address_is_unspecified(&ipv4))
        sockets_set(sockets_find(fd), SOCKET_FAMILY_FIXED);
    errno = saved;
    return result;
}
