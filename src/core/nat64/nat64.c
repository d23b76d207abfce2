/* Puts IPv4 addresses into IPv6 ones and takes them out (RFC 6052); called by preload/nat64 and the settings. */
#include "core/nat64/nat64.h"

#include <string.h>

#define IPV4_BITS            32
#define IPV6_BITS            128
#define IPV4_BYTES           4
#define IPV6_BYTES           16
#define RESERVED_OCTET       8 /* bits 64 to 71: "u" in RFC 6052 section 2.2 */
#define LENGTH_COUNT         6
#define WELL_KNOWN_FIRST     0xc00000aaU /* 192.0.0.170 */
#define WELL_KNOWN_SECOND    0xc00000abU /* 192.0.0.171 */
#define WELL_KNOWN_BITS      96
#define WELL_KNOWN_AREA_BITS 32 /* 64:ff9b::/32, where the well-known and the local-use prefix lie */
#define LOCAL_USE_BITS       48

static const unsigned prefix_lengths[LENGTH_COUNT] = {32, 40, 48, 56, 64, 96};

static const struct ip_address well_known = {.family = AF_INET6, .ipv6.s6_addr = {0x00, 0x64, 0xff, 0x9b}};
static const struct ip_address local_use = {.family = AF_INET6, .ipv6.s6_addr = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}};

static bool is_prefix_length(unsigned length)
{
    for (unsigned index = 0; index < LENGTH_COUNT; index++) {
        if (prefix_lengths[index] == length)
            return true;
    }
    return false;
}

/* Where the four IPv4 bytes lie behind a prefix: in a row, but for the reserved octet, which is stepped over. */
static void embedded_places(unsigned length, unsigned places[IPV4_BYTES])
{
    unsigned place = length / 8;
    for (unsigned byte = 0; byte < IPV4_BYTES; byte++, place++) {
        if (place == RESERVED_OCTET)
            place++;
        places[byte] = place;
    }
}

static struct nat64_prefix prefix_of_address(const struct ip_address *address, unsigned length)
{
    struct nat64_prefix prefix = {.address = address_ipv6(&address->ipv6, 0), .length = length};
    memset(prefix.address.ipv6.s6_addr + length / 8, 0, IPV6_BYTES - length / 8);
    return prefix;
}

const char *nat64_prefix_fault(const struct nat64_prefix *prefix)
{
    const uint8_t *bytes = prefix->address.ipv6.s6_addr;
    if (prefix->address.family != AF_INET6)
        return "a NAT64 prefix is an IPv6 prefix";
    if (!is_prefix_length(prefix->length))
        return "the length must be 32, 40, 48, 56, 64 or 96";
    struct nat64_prefix clean = prefix_of_address(&prefix->address, prefix->length);
    if (!address_equal(&clean.address, &prefix->address))
        return "the bits after the prefix must be zero";
    if (address_in_prefix(&prefix->address, &well_known, WELL_KNOWN_AREA_BITS)) {
        if (address_equal(&prefix->address, &well_known) && prefix->length == WELL_KNOWN_BITS)
            return NULL;
        if (!address_in_prefix(&prefix->address, &local_use, LOCAL_USE_BITS))
            return "of 64:ff9b::/32 only 64:ff9b::/96 and prefixes inside 64:ff9b:1::/48 are for NAT64";
    } else if ((bytes[0] & 0xe0) != 0x20 && (bytes[0] & 0xfe) != 0xfc) {
        return "a NAT64 prefix lies in 2000::/3, fc00::/7, 64:ff9b::/96 or 64:ff9b:1::/48";
    }
    if (bytes[RESERVED_OCTET] != 0)
        return "bits 64 to 71 must be zero (RFC 6052 section 2.2)";
    return NULL;
}

bool nat64_prefix_equal(const struct nat64_prefix *left, const struct nat64_prefix *right)
{
    return left->length == right->length && address_equal(&left->address, &right->address);
}

struct ip_address nat64_embed(const struct nat64_prefix *prefix, struct in_addr ipv4)
{
    struct ip_address address = prefix->address;
    uint8_t bytes[IPV4_BYTES];
    unsigned places[IPV4_BYTES];
    memcpy(bytes, &ipv4, sizeof bytes);
    embedded_places(prefix->length, places);
    for (unsigned byte = 0; byte < IPV4_BYTES; byte++)
        address.ipv6.s6_addr[places[byte]] = bytes[byte];
    return address;
}

/* The four bytes behind the first `length` bits of the address, whatever those are. */
static struct in_addr bytes_behind(const struct ip_address *address, unsigned length)
{
    uint8_t bytes[IPV4_BYTES];
    unsigned places[IPV4_BYTES];
    struct in_addr ipv4;
    embedded_places(length, places);
    for (unsigned byte = 0; byte < IPV4_BYTES; byte++)
        bytes[byte] = address->ipv6.s6_addr[places[byte]];
    memcpy(&ipv4, bytes, sizeof ipv4);
    return ipv4;
}

bool nat64_extract(const struct nat64_prefix *prefix, const struct ip_address *address, struct in_addr *ipv4)
{
    if (!address_in_prefix(address, &prefix->address, prefix->length) || address->ipv6.s6_addr[RESERVED_OCTET] != 0)
        return false;
    *ipv4 = bytes_behind(address, prefix->length);
    return true;
}

/* What IPv4 addresses are for, where that keeps them from a NAT64. */
enum carriage { CARRY_ALWAYS, CARRY_PRIVATE, CARRY_NOT_WELL_KNOWN, CARRY_NEVER };

#define MASK(length) (UINT32_MAX << (IPV4_BITS - (length)))

static const struct {
    uint32_t network, mask; /* host byte order */
    enum carriage carriage;
} special_networks[] = {
    {0x00000000, MASK(8), CARRY_NEVER},           /* "this" network */
    {0x7f000000, MASK(8), CARRY_NEVER},           /* loopback */
    {0xa9fe0000, MASK(16), CARRY_NEVER},          /* link-local */
    {0xe0000000, MASK(4), CARRY_NEVER},           /* multicast */
    {0xf0000000, MASK(4), CARRY_NEVER},           /* reserved (aliases live here), broadcast */
    {0xc0000000, MASK(29), CARRY_NEVER},          /* 192.0.0.0/29: the IPv4 side of a host's own translator */
    {WELL_KNOWN_FIRST, MASK(31), CARRY_NEVER},    /* RFC 7050: never to be connected to */
    {0x0a000000, MASK(8), CARRY_PRIVATE},         /* RFC 1918 */
    {0xac100000, MASK(12), CARRY_PRIVATE},        /* RFC 1918 */
    {0xc0a80000, MASK(16), CARRY_PRIVATE},        /* RFC 1918 */
    {0x64400000, MASK(10), CARRY_PRIVATE},        /* RFC 6598: carrier-grade NAT */
    {0xc0000000, MASK(24), CARRY_NOT_WELL_KNOWN}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, MASK(24), CARRY_NOT_WELL_KNOWN}, /* 192.0.2.0/24: documentation */
    {0xc0586300, MASK(24), CARRY_NOT_WELL_KNOWN}, /* 192.88.99.0/24: 6to4 relays */
    {0xc6120000, MASK(15), CARRY_NOT_WELL_KNOWN}, /* 198.18.0.0/15: benchmarks */
    {0xc6336400, MASK(24), CARRY_NOT_WELL_KNOWN}, /* 198.51.100.0/24: documentation */
    {0xcb007100, MASK(24), CARRY_NOT_WELL_KNOWN}, /* 203.0.113.0/24: documentation */
};

/* The first row that holds the address: those that forbid most come first. */
static enum carriage carriage_of(struct in_addr ipv4)
{
    uint32_t address = ntohl(ipv4.s_addr);
    for (size_t index = 0; index < sizeof special_networks / sizeof special_networks[0]; index++) {
        if ((address & special_networks[index].mask) == special_networks[index].network)
            return special_networks[index].carriage;
    }
    return CARRY_ALWAYS;
}

const char *nat64_refusal(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private)
{
    enum carriage carriage = carriage_of(ipv4);
    if (carriage == CARRY_ALWAYS)
        return NULL;
    if (carriage == CARRY_NEVER)
        return "no NAT64 carries such an address";
    if (address_equal(&prefix->address, &well_known))
        return "64:ff9b::/96 carries global addresses alone (RFC 6052 section 3.1), whatever nat64-private says";
    return carriage != CARRY_PRIVATE || allow_private ? NULL : "it is private, and nat64-private says no";
}

bool nat64_may_carry(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private)
{
    return nat64_refusal(prefix, ipv4, allow_private) == NULL;
}

bool nat64_is_private(struct in_addr ipv4)
{
    return carriage_of(ipv4) == CARRY_PRIVATE;
}

bool nat64_synthesize(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private,
                      struct ip_address *address)
{
    if (!nat64_may_carry(prefix, ipv4, allow_private))
        return false;
    *address = nat64_embed(prefix, ipv4);
    return true;
}

bool nat64_recover(const struct nat64_prefix *prefix, const struct ip_address *address, bool allow_private,
                   struct in_addr *ipv4)
{
    struct in_addr inside;
    if (!nat64_extract(prefix, address, &inside) || !nat64_may_carry(prefix, inside, allow_private))
        return false;
    struct ip_address back = nat64_embed(prefix, inside);
    if (memcmp(&back.ipv6, &address->ipv6, sizeof back.ipv6) != 0)
        return false;
    *ipv4 = inside;
    return true;
}

const struct nat64_prefix *nat64_prefix_of(const struct nat64_prefix *prefixes, size_t count,
                                           const struct ip_address *address)
{
    const struct nat64_prefix *longest = NULL;
    for (size_t index = 0; index < count; index++) {
        if (address_in_prefix(address, &prefixes[index].address, prefixes[index].length) &&
            (longest == NULL || prefixes[index].length > longest->length))
            longest = &prefixes[index];
    }
    return longest;
}

/*
 * How often a well-known IPv4 address occurs in an answer: at the six places, and anywhere else where its four octets
 * stand in a row. `length` is set to that of the prefix before the last of the six places where it does, or 0.
 */
static unsigned count_occurrences(const struct ip_address *answer, uint32_t wanted, unsigned *length)
{
    const uint8_t *bytes = answer->ipv6.s6_addr;
    uint32_t octets = htonl(wanted);
    unsigned occurrences = 0;
    *length = 0;
    if (bytes[RESERVED_OCTET] != 0) /* nothing is embedded here */
        return 0;
    for (unsigned index = 0; index < LENGTH_COUNT; index++) {
        if (bytes_behind(answer, prefix_lengths[index]).s_addr == octets) {
            *length = prefix_lengths[index];
            occurrences++;
        }
    }
    for (unsigned place = 0; place + IPV4_BYTES <= IPV6_BYTES; place++) {
        bool counted_already = place == 4 || place == 9 || place == 12; /* /32, /64 and /96 */
        if (!counted_already && memcmp(bytes + place, &octets, sizeof octets) == 0)
            occurrences++;
    }
    return occurrences;
}

static bool is_confirmed(const struct ip_address *answers, size_t count, const struct nat64_prefix *prefix,
                         uint32_t other)
{
    for (size_t index = 0; index < count; index++) {
        struct in_addr ipv4;
        if (nat64_extract(prefix, &answers[index], &ipv4) && ntohl(ipv4.s_addr) == other)
            return true;
    }
    return false;
}

/* The prefix that the answer shows by means of one well-known IPv4 address. */
static bool find_prefix(const struct ip_address *answers, size_t count, const struct ip_address *answer,
                        uint32_t wanted, struct nat64_prefix *prefix)
{
    uint32_t other = wanted == WELL_KNOWN_FIRST ? WELL_KNOWN_SECOND : WELL_KNOWN_FIRST;
    unsigned length, length_of_other;
    if (count_occurrences(answer, wanted, &length) != 1 || length == 0)
        return false;
    *prefix = prefix_of_address(answer, length);
    if (nat64_prefix_fault(prefix) != NULL)
        return false;
    return count_occurrences(answer, other, &length_of_other) == 0 || is_confirmed(answers, count, prefix, other);
}

size_t nat64_discover(const struct ip_address *answers, size_t count, struct nat64_prefix *prefixes, size_t maximum)
{
    size_t found = 0;
    for (size_t index = 0; index < count && found < maximum; index++) {
        struct nat64_prefix prefix;
        if (answers[index].family != AF_INET6 ||
            (!find_prefix(answers, count, &answers[index], WELL_KNOWN_FIRST, &prefix) &&
             !find_prefix(answers, count, &answers[index], WELL_KNOWN_SECOND, &prefix)))
            continue;
        size_t known = 0;
        while (known < found && !nat64_prefix_equal(&prefixes[known], &prefix))
            known++;
        if (known == found)
            prefixes[found++] = prefix;
    }
    return found;
}
