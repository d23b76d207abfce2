/* What a getaddrinfo() shows of the program that calls it. */
#ifndef V6SHIM_PRELOAD_HOOKS_AWARENESS_H
#define V6SHIM_PRELOAD_HOOKS_AWARENESS_H

#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "preload/system/real.h"

/*
 * Whether the question shows that the program speaks IPv6. One for either family about an address that it has as text
 * does not: programs that only know IPv4 make a sockaddr of text that way (rsync's server, of a peer's alias).
 */
static inline bool awareness_shows(const char *node, const struct addrinfo *hints)
{
    struct in_addr ipv4;
    if (hints != NULL && hints->ai_family != AF_UNSPEC)
        return hints->ai_family == AF_INET6;
    if (node == NULL)
        return true;
    return (hints == NULL || (hints->ai_flags & AI_NUMERICHOST) == 0) && strchr(node, ':') == NULL &&
           REAL(inet_aton)(node, &ipv4) == 0;
}

#endif
