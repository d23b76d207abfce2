/*
 * Explicit address mappings (RFC 7757): pairs of an IPv4 and an IPv6 prefix, by which an administrator gives IPv6
 * addresses an IPv4 face of their own choosing.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_ADDRESS_EXPLICIT_MAPPING_H
#define V6SHIM_CORE_ADDRESS_EXPLICIT_MAPPING_H

#include "core/address/address.h"

#define EAM_ROWS_MAX 64

/* The bits after the IPv4 prefix are those after the IPv6 prefix; what IPv6 has more of is zero. */
struct explicit_mapping_row {
    struct ip_address ipv4, ipv6; /* all bits after the lengths zero */
    unsigned ipv4_length, ipv6_length;
};

struct explicit_mapping_table {
    struct explicit_mapping_row rows[EAM_ROWS_MAX]; /* in the order added */
    size_t count;
};

/*
 * Adds a mapping; the table starts zeroed. Returns NULL, or what is wrong as a clause for an error line: prefixes of
 * the wrong family, length or with bits after it; fewer bits left after the IPv6 prefix than after the IPv4 one; a
 * prefix that another row has already; a full table.
 */
const char *explicit_mapping_add(struct explicit_mapping_table *table, const struct ip_address *ipv4,
                                 unsigned ipv4_length, const struct ip_address *ipv6, unsigned ipv6_length);

/* RFC 7757 section 3.3.1, by the longest IPv4 prefix. False, and `ipv6` alone, where no row holds the address. */
bool explicit_mapping_to_ipv6(const struct explicit_mapping_table *table, struct in_addr ipv4,
                              struct ip_address *ipv6);

/*
 * RFC 7757 section 3.3.2, by the longest IPv6 prefix, but only where explicit_mapping_to_ipv6 leads back to the same
 * address. The RFC's translator drops excess IPv6 bits, and where rows overlap may answer to another address than it
 * was asked from; here that would let a second host appear under the name of the first. False, and `ipv4` alone,
 * otherwise.
 */
bool explicit_mapping_to_ipv4(const struct explicit_mapping_table *table, const struct ip_address *ipv6,
                              struct in_addr *ipv4);

#endif
