/* Says how far from this host an address is understood; called where candidates are chosen. */
#include "core/address/reach.h"

#include <arpa/inet.h>
#include <string.h>

struct ipv4_block {
    uint32_t first; /* host byte order */
    unsigned length;
    enum reach reach;
};

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890): what isn't globally reachable. 192.0.2.0/24 and the other
   ranges for examples are left as global ones: whoever uses them tries what happens to global addresses. */
static const struct ipv4_block ipv4_blocks[] = {
    {0x00000000, 8, REACH_HOST},  /* 0.0.0.0/8 */
    {0x7f000000, 8, REACH_HOST},  /* 127.0.0.0/8 */
    {0xa9fe0000, 16, REACH_LINK}, /* 169.254.0.0/16, RFC 3927 */
    {0xe0000000, 4, REACH_LINK},  /* 224.0.0.0/4 */
    {0xffffffff, 32, REACH_LINK}, /* 255.255.255.255 */
    {0x0a000000, 8, REACH_SITE},  /* 10.0.0.0/8, RFC 1918 */
    {0xac100000, 12, REACH_SITE}, /* 172.16.0.0/12 */
    {0xc0a80000, 16, REACH_SITE}, /* 192.168.0.0/16 */
    {0x64400000, 10, REACH_SITE}, /* 100.64.0.0/10, RFC 6598 */
    {0xc0000000, 24, REACH_SITE}, /* 192.0.0.0/24 */
    {0xc6120000, 15, REACH_SITE}, /* 198.18.0.0/15, RFC 2544 */
    {0xf0000000, 4, REACH_SITE},  /* 240.0.0.0/4 */
};

/* The places, in bytes, of IPv4 addresses in IPv6 ones. */
#define AT_END           12
#define AT_6TO4          2
#define AT_TEREDO_SERVER 4

#define IPV6_BYTES(...) \
    (const uint8_t[])   \
    {                   \
        __VA_ARGS__     \
    }

static bool starts_with(const struct in6_addr *ipv6, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(ipv6->s6_addr, prefix, whole) != 0)
        return false;
    return rest == 0 || ((ipv6->s6_addr[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static enum reach reach_of_ipv4(uint32_t ipv4)
{
    for (size_t i = 0; i < sizeof ipv4_blocks / sizeof ipv4_blocks[0]; i++)
        if ((ipv4 ^ ipv4_blocks[i].first) >> (32 - ipv4_blocks[i].length) == 0)
            return ipv4_blocks[i].reach;
    return REACH_GLOBAL;
}

static enum reach reach_of_inner(const struct in6_addr *ipv6, unsigned place, bool obscured)
{
    uint32_t ipv4;
    memcpy(&ipv4, ipv6->s6_addr + place, sizeof ipv4);
    return reach_of_ipv4(ntohl(obscured ? ~ipv4 : ipv4));
}

static enum reach reach_of_ipv6(const struct in6_addr *ipv6)
{
    static const uint8_t mapped[] = {[10] = 0xff, [11] = 0xff}, translated[] = {[8] = 0xff, [9] = 0xff, [11] = 0};
    static const uint8_t nat64[] = {0x00, 0x64, 0xff, 0x9b, [11] = 0}, none[12];
    if (starts_with(ipv6, none, 96)) /* ::, ::1, and the IPv4-compatible addresses of RFC 4291 section 2.5.5.1 */
        return REACH_HOST;
    if (starts_with(ipv6, mapped, 96) || starts_with(ipv6, translated, 96) || starts_with(ipv6, nat64, 96))
        return reach_of_inner(ipv6, AT_END, false);
    if (starts_with(ipv6, IPV6_BYTES(0x20, 0x02), 16))
        return reach_of_inner(ipv6, AT_6TO4, false);
    if (starts_with(ipv6, IPV6_BYTES(0x20, 0x01, 0, 0), 32)) {
        enum reach server = reach_of_inner(ipv6, AT_TEREDO_SERVER, false),
                   client = reach_of_inner(ipv6, AT_END, true);
        return server < client ? server : client;
    }
    if (starts_with(ipv6, IPV6_BYTES(0xfe, 0x80), 10) || ipv6->s6_addr[0] == 0xff)
        return REACH_LINK;
    if (starts_with(ipv6, IPV6_BYTES(0xfc), 7) ||                                /* RFC 4193 */
        starts_with(ipv6, IPV6_BYTES(0xfe, 0xc0), 10) ||                         /* site-local, RFC 3879 */
        starts_with(ipv6, IPV6_BYTES(0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), 48) || /* RFC 8215 */
        starts_with(ipv6, IPV6_BYTES(0x01, 0, 0, 0, 0, 0, 0, 0), 64) ||          /* discard, RFC 6666 */
        starts_with(ipv6, IPV6_BYTES(0x5f, 0x00), 16))                           /* segment routing, RFC 9602 */
        return REACH_SITE;
    return REACH_GLOBAL;
}

enum reach reach_of(const struct ip_address *address)
{
    return address->family == AF_INET ? reach_of_ipv4(ntohl(address->ipv4.s_addr)) : reach_of_ipv6(&address->ipv6);
}

bool reach_may_lead(const struct ip_address *asked, const struct ip_address *candidate)
{
    enum reach from = reach_of(asked), to = reach_of(candidate);
    return from == REACH_HOST ? to == REACH_HOST : to >= from;
}
