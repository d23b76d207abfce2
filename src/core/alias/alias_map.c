/* Keeps and searches the rows of the setting alias-map; called by preload/alias/aliases.c. */
#include "core/alias/alias_map.h"

#include <string.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

#define IPV4_LENGTH_MIN 8

#define GLOBAL_UNICAST_MASK 0xe0 /* 2000::/3, RFC 4291 section 2.4 */
#define GLOBAL_UNICAST      0x20
#define UNIQUE_LOCAL_MASK   0xfe /* fc00::/7, RFC 4193 */
#define UNIQUE_LOCAL        0xfc

#define BROADCAST_NETWORK 255 /* the first octet of 255.255.255.255 */

/* Where in an IPv6 address its last 32 bits are. */
#define LAST_WORD (sizeof(struct in6_addr) - sizeof(uint32_t))

static uint32_t suffix_mask(unsigned ipv4_length)
{
    return (uint32_t)((UINT64_C(1) << (IPV4_BITS - ipv4_length)) - 1);
}

static uint32_t first_of(const struct alias_map_row *row)
{
    return ntohl(row->ipv4.ipv4.s_addr);
}

static uint32_t last_of(const struct alias_map_row *row)
{
    return first_of(row) | suffix_mask(row->ipv4_length);
}

static bool is_mappable(const struct alias_map_row *row)
{
    uint8_t first = row->ipv6.ipv6.s6_addr[0];
    return ((first & GLOBAL_UNICAST_MASK) == GLOBAL_UNICAST && row->ipv6_length >= 3) ||
           ((first & UNIQUE_LOCAL_MASK) == UNIQUE_LOCAL && row->ipv6_length >= 7);
}

static bool is_range_usable(const struct alias_map_row *row)
{
    uint32_t first = first_of(row), network = first >> IN_CLASSA_NSHIFT;
    return row->ipv4_length >= IPV4_LENGTH_MIN && network != 0 && network != IN_LOOPBACKNET && !IN_MULTICAST(first) &&
           network != BROADCAST_NETWORK;
}

static bool overlaps(const struct alias_map_row *row, uint32_t first, uint32_t last)
{
    return first_of(row) <= last && first <= last_of(row);
}

const char *alias_map_add(struct alias_map *map, const struct alias_pool *pool, const struct alias_map_row *row)
{
    if (!is_mappable(row))
        return "the IPv6 prefix must be part of 2000::/3 or fc00::/7";
    if (!is_range_usable(row))
        return "the IPv4 range must have a length of 8 or more, and lie outside 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 "
               "and 255.0.0.0/8";
    if (!alias_map_is_copied(row) && row->ipv4_length > ALIAS_POOL_LENGTH_MAX)
        return "where the prefixes don't leave as many bits, the IPv4 range must be a /8 to /28";
    if (overlaps(row, pool->first, pool->first + (pool->count - 1)))
        return "the IPv4 range overlaps the alias pool";
    for (unsigned index = 0; index < map->count; index++) {
        const struct alias_map_row *other = &map->rows[index];
        if (overlaps(row, first_of(other), last_of(other)))
            return "the IPv4 range overlaps that of an earlier entry";
        if (row->ipv6_length == other->ipv6_length && address_equal(&row->ipv6, &other->ipv6))
            return "the IPv6 prefix is mapped already";
    }
    if (map->count == PREFIX_MAP_SIZE)
        return "there is no room for more entries";
    map->rows[map->count++] = *row;
    return NULL;
}

const struct alias_map_row *alias_map_by_ipv6(const struct alias_map *map, const struct ip_address *ipv6)
{
    const struct alias_map_row *longest = NULL;
    for (unsigned index = 0; index < map->count; index++) {
        const struct alias_map_row *row = &map->rows[index];
        if (address_in_prefix(ipv6, &row->ipv6, row->ipv6_length) &&
            (longest == NULL || row->ipv6_length > longest->ipv6_length))
            longest = row;
    }
    return longest;
}

const struct alias_map_row *alias_map_by_ipv4(const struct alias_map *map, struct in_addr ipv4)
{
    uint32_t address = ntohl(ipv4.s_addr);
    for (unsigned index = 0; index < map->count; index++)
        if (overlaps(&map->rows[index], address, address))
            return &map->rows[index];
    return NULL;
}

bool alias_map_is_copied(const struct alias_map_row *row)
{
    return IPV6_BITS - row->ipv6_length == IPV4_BITS - row->ipv4_length;
}

static uint32_t last_word(const struct ip_address *ipv6)
{
    uint32_t word;
    memcpy(&word, ipv6->ipv6.s6_addr + LAST_WORD, sizeof word);
    return ntohl(word);
}

struct in_addr alias_map_to_ipv4(const struct alias_map_row *row, const struct ip_address *ipv6)
{
    return (struct in_addr){.s_addr = htonl(first_of(row) | (last_word(ipv6) & suffix_mask(row->ipv4_length)))};
}

bool alias_map_to_ipv6(const struct alias_map *map, const struct alias_map_row *row, struct in_addr ipv4,
                       struct ip_address *ipv6)
{
    struct ip_address address = row->ipv6;
    uint32_t word = htonl(last_word(&row->ipv6) | (ntohl(ipv4.s_addr) & suffix_mask(row->ipv4_length)));
    memcpy(address.ipv6.s6_addr + LAST_WORD, &word, sizeof word);
    if (alias_map_by_ipv6(map, &address) != row)
        return false;
    *ipv6 = address;
    return true;
}
