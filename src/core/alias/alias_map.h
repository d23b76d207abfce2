/*
 * The administrator's own IPv4 faces for IPv6 networks (setting alias-map): rows "2001:db8:1::/64 = 10.6.0.0/16".
 *
 * Where both prefixes leave as many bits the rest is copied (RFC 7757); else addresses are allotted inside the IPv4
 * range, which is then a pool of aliases of its own. Either way one IPv4 address means one IPv6 address: ranges don't
 * overlap each other, nor the alias pool.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_ALIAS_ALIAS_MAP_H
#define V6SHIM_CORE_ALIAS_ALIAS_MAP_H

#include "core/alias/alias.h"
#include "core/settings/setting.h"

struct alias_map_row {
    struct ip_address ipv6, ipv4;
    unsigned ipv6_length, ipv4_length;
};

struct alias_map {
    unsigned count;
    struct alias_map_row rows[PREFIX_MAP_SIZE];
};

/*
 * Adds a row; the map starts zeroed. Returns NULL, or what is wrong as a clause for an error line. IPv6 prefixes are
 * parts of 2000::/3 or fc00::/7: loopback, link-local and IPv4-mapped addresses are shown by rules that nobody can
 * change.
 */
const char *alias_map_add(struct alias_map *map, const struct alias_pool *pool, const struct alias_map_row *row);

/* The row of the longest IPv6 prefix that holds the address, or NULL. */
const struct alias_map_row *alias_map_by_ipv6(const struct alias_map *map, const struct ip_address *ipv6);
/* The row whose range holds the address, or NULL. */
const struct alias_map_row *alias_map_by_ipv4(const struct alias_map *map, struct in_addr ipv4);

/* Whether the rest of the address is copied; else it is allotted in the range. */
bool alias_map_is_copied(const struct alias_map_row *row);

/* For rows that are copied. The second gives false where a row with a longer IPv6 prefix has the result. */
struct in_addr alias_map_to_ipv4(const struct alias_map_row *row, const struct ip_address *ipv6);
bool alias_map_to_ipv6(const struct alias_map *map, const struct alias_map_row *row, struct in_addr ipv4,
                       struct ip_address *ipv6);

#endif
