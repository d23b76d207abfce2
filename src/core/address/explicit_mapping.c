/* Maps addresses between pairs of prefixes (RFC 7757); called for the setting listen-map. */
#include "core/address/explicit_mapping.h"

#include <string.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

static bool bit_at(const struct ip_address *address, unsigned bit)
{
    return address->ipv6.s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

static void set_bit(struct ip_address *address, unsigned bit)
{
    address->ipv6.s6_addr[bit / 8] |= (uint8_t)(1 << (7 - bit % 8));
}

static bool zero_after(const struct ip_address *address, unsigned length, unsigned bits)
{
    for (unsigned bit = length; bit < bits; bit++) {
        if (bit_at(address, bit))
            return false;
    }
    return true;
}

const char *explicit_mapping_add(struct explicit_mapping_table *table, const struct ip_address *ipv4,
                                 unsigned ipv4_length, const struct ip_address *ipv6, unsigned ipv6_length)
{
    if (ipv4->family != AF_INET || ipv4_length > IPV4_BITS)
        return "the first prefix must be IPv4, with a length of 0 to 32";
    if (ipv6->family != AF_INET6 || ipv6_length > IPV6_BITS)
        return "the second prefix must be IPv6, with a length of 0 to 128";
    if (!zero_after(ipv4, ipv4_length, IPV4_BITS) || !zero_after(ipv6, ipv6_length, IPV6_BITS))
        return "the bits after the prefix must be zero";
    if (IPV6_BITS - ipv6_length < IPV4_BITS - ipv4_length)
        return "the IPv6 prefix is too long to hold every address of the IPv4 prefix";
    for (size_t index = 0; index < table->count; index++) {
        const struct explicit_mapping_row *row = &table->rows[index];
        if ((row->ipv4_length == ipv4_length && address_equal(&row->ipv4, ipv4)) ||
            (row->ipv6_length == ipv6_length && address_equal(&row->ipv6, ipv6)))
            return "this prefix is mapped already";
    }
    if (table->count == EAM_ROWS_MAX)
        return "there is room for 64 mappings";
    table->rows[table->count++] = (struct explicit_mapping_row){*ipv4, *ipv6, ipv4_length, ipv6_length};
    return NULL;
}

/* `to` with the bits after its length taken from `from`: as many as an IPv4 address has left. */
static struct ip_address copy_suffix(const struct ip_address *from, unsigned from_length, struct ip_address to,
                                     unsigned to_length, unsigned bits)
{
    for (unsigned bit = 0; bit < bits; bit++) {
        if (bit_at(from, from_length + bit))
            set_bit(&to, to_length + bit);
    }
    return to;
}

bool explicit_mapping_to_ipv6(const struct explicit_mapping_table *table, struct in_addr ipv4,
                              struct ip_address *ipv6)
{
    struct ip_address address = address_ipv4(ipv4);
    const struct explicit_mapping_row *longest = NULL;
    for (size_t index = 0; index < table->count; index++) {
        const struct explicit_mapping_row *row = &table->rows[index];
        if (address_in_prefix(&address, &row->ipv4, row->ipv4_length) &&
            (longest == NULL || row->ipv4_length > longest->ipv4_length))
            longest = row;
    }
    if (longest == NULL)
        return false;
    *ipv6 = copy_suffix(&address, longest->ipv4_length, longest->ipv6, longest->ipv6_length,
                        IPV4_BITS - longest->ipv4_length);
    return true;
}

bool explicit_mapping_to_ipv4(const struct explicit_mapping_table *table, const struct ip_address *ipv6,
                              struct in_addr *ipv4)
{
    const struct explicit_mapping_row *longest = NULL;
    for (size_t index = 0; index < table->count; index++) {
        const struct explicit_mapping_row *row = &table->rows[index];
        if (address_in_prefix(ipv6, &row->ipv6, row->ipv6_length) &&
            (longest == NULL || row->ipv6_length > longest->ipv6_length))
            longest = row;
    }
    if (longest == NULL)
        return false;
    struct ip_address found = copy_suffix(ipv6, longest->ipv6_length, longest->ipv4, longest->ipv4_length,
                                          IPV4_BITS - longest->ipv4_length);
    struct ip_address back;
    if (!explicit_mapping_to_ipv6(table, found.ipv4, &back) || !address_equal(&back, ipv6))
        return false;
    *ipv4 = found.ipv4;
    return true;
}
