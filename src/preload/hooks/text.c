/* Addresses as text. IPv6 text is taken where a person would type an address; inet_pton and inet_ntop, which tell a
   program of IPv6, are left alone. What stands for an IPv6 address is an IPv4 address, so inet_ntoa needs no hook. */
#include <arpa/inet.h>
#include <string.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/resolve/aware.h"
#include "preload/resolve/lookups.h"
#include "preload/resolve/resolve.h"
#include "preload/system/real.h"

#define BLANKS       " \t\n\v\f\r" /* isspace() in whatever locale, of which inet_aton() takes the ASCII part */
#define LITERAL_SIZE 128           /* of the longest form, and some */

/* inet_addr() and inet_aton() read up to the first blank: a line as fgets() gave it is an address. */
static bool read_literal(const char *text, struct ip_address *address)
{
    char copy[LITERAL_SIZE];
    size_t length = strcspn(text, BLANKS);
    if (text[length] == '\0')
        return resolve_literal(text, address);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return resolve_literal(copy, address);
}

/*
 * Libc read the text as `ipv4`, if `read`; else it may be IPv6 text. True where there is an address in the end.
 *
 * A program that speaks IPv6 asks with these functions whether a text is an IPv4 address: an alias would be taken for
 * one, in its access list, say, where the peer itself then shows as it is.
 */
static bool read_text(const char *text, bool read, struct in_addr *ipv4)
{
    struct ip_address address;
    if (!read && (aware_is() || !read_literal(text, &address)))
        return false;
    if (read)
        address = address_ipv4(*ipv4);
    lookups_record_alone(&address);
    return read || resolve_shown(&address, ipv4);
}

EXPORT in_addr_t inet_addr(const char *text)
{
    GUARD(guard);
    struct in_addr ipv4 = {.s_addr = REAL(inet_addr)(text)};
    if (!GUARD_ENTER_LOOKUP(guard))
        return ipv4.s_addr;
    /* 255.255.255.255 is both an address and the sign of failure: not IPv6 text in either case. */
    if (!read_text(text, ipv4.s_addr != INADDR_NONE, &ipv4))
        return INADDR_NONE;
    errno = guard.error;
    return ipv4.s_addr;
}

EXPORT int inet_aton(const char *text, struct in_addr *address)
{
    GUARD(guard);
    struct in_addr ipv4 = {.s_addr = 0};
    int read = REAL(inet_aton)(text, &ipv4);
    if (GUARD_ENTER_LOOKUP(guard) && read_text(text, read != 0, &ipv4)) {
        errno = guard.error;
        read = 1;
    }
    if (read != 0 && address != NULL)
        *address = ipv4;
    return read;
}

EXPORT in_addr_t inet_network(const char *text)
{
    GUARD(guard);
    struct in_addr ipv4;
    in_addr_t network = REAL(inet_network)(text);
    /* Unlike the others it takes blanks at the end only: none, of IPv6 text. */
    if (network != INADDR_NONE || !GUARD_ENTER_LOOKUP(guard) || text[strcspn(text, BLANKS)] != '\0' ||
        !read_text(text, false, &ipv4))
        return network;
    errno = guard.error;
    return ntohl(ipv4.s_addr); /* inet_network answers in host byte order */
}
