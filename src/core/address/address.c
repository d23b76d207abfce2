/* Converts and classifies addresses of both families; called everywhere. */
#include "core/address/address.h"
#include "core/linker/start.h"

#include <string.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

/* What the kernel takes as the shortest IPv6 socket address: that of RFC 2133, without sin6_scope_id. */
#define SOCKADDR_IN6_MINIMUM offsetof(struct sockaddr_in6, sin6_scope_id)

/* Multicast scopes (RFC 4291 section 2.7) whose addresses mean something on one interface only. */
#define MULTICAST_SCOPE_INTERFACE 1
#define MULTICAST_SCOPE_LINK      2

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

START_CODE struct ip_address address_ipv4(struct in_addr ipv4)
{
    struct ip_address address;
    memset(&address, 0, sizeof address);
    address.family = AF_INET;
    address.ipv4 = ipv4;
    return address;
}

struct ip_address address_ipv6(const struct in6_addr *ipv6, uint32_t scope)
{
    struct ip_address address;
    memset(&address, 0, sizeof address);
    address.family = AF_INET6;
    address.scope = scope;
    address.ipv6 = *ipv6;
    return address;
}

/* The bytes in network order; `bits` tells how many of them count: 32, 128, or 0 for no address. */
static const uint8_t *address_bytes(const struct ip_address *address, unsigned *bits)
{
    *bits = address->family == AF_INET ? IPV4_BITS : address->family == AF_INET6 ? IPV6_BITS : 0;
    return address->ipv6.s6_addr;
}

/* Whether the address is an IPv4 one whose first `length` bits (1 to 32) are those of `prefix` (host byte order). */
static bool ipv4_in(const struct ip_address *address, uint32_t prefix, unsigned length)
{
    return address->family == AF_INET && (ntohl(address->ipv4.s_addr) ^ prefix) >> (IPV4_BITS - length) == 0;
}

/* Whether the address is an IPv6 one whose first two bytes, under `mask`, are `prefix`. */
static bool ipv6_in(const struct ip_address *address, uint16_t prefix, uint16_t mask)
{
    const uint8_t *bytes = address->ipv6.s6_addr;
    return address->family == AF_INET6 && ((bytes[0] << 8 | bytes[1]) & mask) == prefix;
}

bool address_equal(const struct ip_address *left, const struct ip_address *right)
{
    if (left->family != right->family)
        return false;
    if (left->family == AF_INET)
        return left->ipv4.s_addr == right->ipv4.s_addr;
    return left->family != AF_INET6 || (IN6_ARE_ADDR_EQUAL(&left->ipv6, &right->ipv6) && left->scope == right->scope);
}

bool address_is_unspecified(const struct ip_address *address)
{
    return address->family == AF_INET ? address->ipv4.s_addr == htonl(INADDR_ANY)
                                      : address->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->ipv6);
}

bool address_is_loopback(const struct ip_address *address)
{
    return ipv4_in(address, INADDR_LOOPBACK, 8) ||
           (address->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->ipv6));
}

bool address_is_link_local(const struct ip_address *address)
{
    return ipv4_in(address, 0xa9fe0000, 16) || ipv6_in(address, 0xfe80, 0xffc0);
}

bool address_is_multicast(const struct ip_address *address)
{
    return ipv4_in(address, 0xe0000000, 4) || ipv6_in(address, 0xff00, 0xff00);
}

bool address_is_mapped(const struct ip_address *address)
{
    return address->family == AF_INET6 && memcmp(address->ipv6.s6_addr, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool address_takes_scope(const struct ip_address *address)
{
    return ipv6_in(address, 0xfe80, 0xffc0) || ipv6_in(address, 0xff00 | MULTICAST_SCOPE_INTERFACE, 0xff0f) ||
           ipv6_in(address, 0xff00 | MULTICAST_SCOPE_LINK, 0xff0f);
}

struct ip_address address_map(struct in_addr ipv4)
{
    struct in6_addr mapped;
    memcpy(mapped.s6_addr, mapped_prefix, sizeof mapped_prefix);
    memcpy(mapped.s6_addr + sizeof mapped_prefix, &ipv4, sizeof ipv4);
    return address_ipv6(&mapped, 0);
}

struct ip_address address_unmap(const struct ip_address *address)
{
    if (!address_is_mapped(address))
        return *address;
    struct in_addr ipv4;
    memcpy(&ipv4, address->ipv6.s6_addr + sizeof mapped_prefix, sizeof ipv4);
    return address_ipv4(ipv4);
}

/* Everything is read by memcpy: programs hand in socket addresses out of byte buffers, aligned or not. */
bool address_from_sockaddr(const struct sockaddr *socket_address, socklen_t length, struct ip_address *address,
                           uint16_t *port)
{
    sa_family_t family = AF_UNSPEC;
    const void *bytes = socket_address;
    if (bytes == NULL || length < sizeof family)
        return false;
    memcpy(&family, bytes, sizeof family);

    in_port_t found;
    if (family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, bytes, sizeof ipv4);
        *address = address_ipv4(ipv4.sin_addr);
        found = ipv4.sin_port;
    } else if (family == AF_INET6 && length >= SOCKADDR_IN6_MINIMUM) {
        struct sockaddr_in6 ipv6 = {.sin6_scope_id = 0};
        memcpy(&ipv6, bytes, length < sizeof ipv6 ? SOCKADDR_IN6_MINIMUM : sizeof ipv6);
        *address = address_ipv6(&ipv6.sin6_addr, ipv6.sin6_scope_id);
        if (!address_takes_scope(address))
            address->scope = 0;
        found = ipv6.sin6_port;
    } else {
        return false;
    }
    if (port != NULL)
        *port = ntohs(found);
    return true;
}

socklen_t address_to_sockaddr(const struct ip_address *address, uint16_t port, struct sockaddr_storage *result)
{
    memset(result, 0, sizeof *result);
    if (address->family == AF_INET) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)result;
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        ipv4->sin_addr = address->ipv4;
        return sizeof *ipv4;
    }
    if (address->family == AF_INET6) {
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)result;
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        ipv6->sin6_addr = address->ipv6;
        ipv6->sin6_scope_id = address->scope;
        return sizeof *ipv6;
    }
    return 0;
}

/* Each print_ function writes at `end` and returns the new end; the final NUL is address_print's. */
static char *print_decimal(char *end, uint32_t number)
{
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        *end++ = digits[--count];
    return end;
}

static char *print_hexadecimal(char *end, unsigned group)
{
    for (unsigned shift = 16, started = 0; shift > 0;) {
        shift -= 4;
        unsigned digit = group >> shift & 0xf;
        started |= digit;
        if (started != 0 || shift == 0)
            *end++ = "0123456789abcdef"[digit];
    }
    return end;
}

static char *print_ipv4(char *end, const uint8_t *bytes)
{
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0)
            *end++ = '.';
        end = print_decimal(end, bytes[part]);
    }
    return end;
}

/* Sections 4 and 5 of RFC 5952: the first of the longest runs of two or more zero groups becomes "::". */
static char *print_ipv6(char *end, const struct ip_address *address)
{
    const uint8_t *bytes = address->ipv6.s6_addr;
    unsigned groups = address_is_mapped(address) ? 6 : 8;
    unsigned best_start = 8, best_count = 1;
    for (unsigned group = 0, count = 0; group < groups; group++) {
        count = bytes[2 * group] == 0 && bytes[2 * group + 1] == 0 ? count + 1 : 0;
        if (count > best_count) {
            best_start = group + 1 - count;
            best_count = count;
        }
    }
    for (unsigned group = 0; group < groups; group++) {
        if (group == best_start) {
            *end++ = ':';
            *end++ = ':';
            group += best_count - 1;
            continue;
        }
        if (group > 0 && end[-1] != ':')
            *end++ = ':';
        end = print_hexadecimal(end, (unsigned)bytes[2 * group] << 8 | bytes[2 * group + 1]);
    }
    if (groups == 6) {
        *end++ = ':';
        end = print_ipv4(end, bytes + sizeof mapped_prefix);
    }
    return end;
}

char *address_print(const struct ip_address *address, char *text)
{
    char *end = text;
    if (address->family == AF_INET)
        end = print_ipv4(end, address->ipv6.s6_addr);
    else if (address->family == AF_INET6)
        end = print_ipv6(end, address);
    else
        *end++ = '-';
    if (address->family == AF_INET6 && address->scope != 0) {
        *end++ = '%';
        end = print_decimal(end, address->scope);
    }
    *end = '\0';
    return text;
}

unsigned address_common_prefix(const struct ip_address *left, const struct ip_address *right)
{
    unsigned bits, shared = 0;
    const uint8_t *bytes = address_bytes(left, &bits);
    if (left->family != right->family)
        return 0;
    for (unsigned index = 0; shared < bits; index++, shared += 8) {
        unsigned difference = bytes[index] ^ right->ipv6.s6_addr[index];
        if (difference != 0)
            return shared + 7 - (unsigned)(31 - __builtin_clz(difference));
    }
    return shared;
}

bool address_in_prefix(const struct ip_address *address, const struct ip_address *prefix, unsigned prefix_length)
{
    unsigned bits, whole = prefix_length / 8, rest = prefix_length % 8;
    const uint8_t *left = address_bytes(address, &bits), *right = prefix->ipv6.s6_addr;
    if (prefix_length > bits || bits == 0 || address->family != prefix->family || memcmp(left, right, whole) != 0)
        return false;
    return rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0;
}
