/* Reads addresses as people type them; called by lookups, settings and v6shim alias. */
#include "core/address/literal.h"

#include <arpa/inet.h>
#include <string.h>

#define LITERAL_NET_SUFFIX ".ipv6-literal.net" /* lower case */

/* A piece of a text that somebody else owns. */
struct span {
    const char *start;
    size_t length;
};

/*
 * inet_pton on a span. The C library's is used because it is what the standards and other programs mean by a valid
 * address; glibc's neither reads the locale nor touches errno for these two families.
 */
static bool parse_plain(int family, struct span span, void *result)
{
    char copy[INET6_ADDRSTRLEN];
    if (span.length == 0 || span.length >= sizeof copy)
        return false;
    memcpy(copy, span.start, span.length);
    copy[span.length] = '\0';
    return inet_pton(family, copy, result) == 1;
}

/* Decimal digits only, at most `limit`. */
static bool parse_decimal(struct span span, uint32_t limit, uint32_t *number)
{
    uint64_t value = 0;
    for (size_t index = 0; index < span.length; index++) {
        if (span.start[index] < '0' || span.start[index] > '9')
            return false;
        value = value * 10 + (uint64_t)(span.start[index] - '0');
        if (value > limit)
            return false;
    }
    *number = (uint32_t)value;
    return span.length > 0;
}

static bool is_all_digits(struct span span)
{
    size_t index = 0;
    while (index < span.length && span.start[index] >= '0' && span.start[index] <= '9')
        index++;
    return index == span.length;
}

/* Characters that the kernel refuses in an interface name, those that end a zone, and control characters. */
static bool is_zone_character(char character)
{
    return (unsigned char)character > ' ' && character != 0x7f && strchr("/:%[]", character) == NULL;
}

/* Puts a zone into the literal: a number as the scope, anything else as a name (RFC 4007 section 11). */
static bool take_zone(struct span zone, struct literal *literal)
{
    if (zone.length == 0 || zone.length >= LITERAL_ZONE_SIZE || !address_takes_scope(&literal->address))
        return false;
    if (is_all_digits(zone))
        return parse_decimal(zone, UINT32_MAX, &literal->address.scope);
    for (size_t index = 0; index < zone.length; index++)
        if (!is_zone_character(zone.start[index]))
            return false;
    memcpy(literal->zone, zone.start, zone.length);
    return true;
}

/* An address and, where there is one, its zone: what both forms end in. */
static bool take_address(struct span span, const struct span *zone, struct literal *literal)
{
    struct in6_addr ipv6;
    struct literal found;
    if (!parse_plain(AF_INET6, span, &ipv6))
        return false;
    memset(&found, 0, sizeof found);
    found.address = address_ipv6(&ipv6, 0);
    if (zone != NULL && !take_zone(*zone, &found))
        return false;
    if (address_is_unspecified(&found.address))
        found.address = address_ipv4((struct in_addr){.s_addr = htonl(INADDR_ANY)});
    *literal = found;
    literal->address = address_unmap(&found.address);
    return true;
}

static bool parse_colons(struct span span, struct literal *literal)
{
    if (span.length >= 2 && span.start[0] == '[' && span.start[span.length - 1] == ']') {
        span.start++;
        span.length -= 2;
    }
    const char *percent = memchr(span.start, '%', span.length);
    if (percent == NULL)
        return take_address(span, NULL, literal);
    struct span before = {span.start, (size_t)(percent - span.start)};
    struct span zone = {percent + 1, span.length - before.length - 1};
    return take_address(before, &zone, literal);
}

/* The form that fits into a host name: '-' for ':', 's' for '%'. `span` is what stands before the suffix. */
static bool parse_dashes(struct span span, struct literal *literal)
{
    char colons[INET6_ADDRSTRLEN];
    struct span address = {colons, 0};
    for (; address.length < span.length; address.length++) {
        char character = span.start[address.length];
        if (character == 's' || character == 'S')
            break;
        if (address.length == sizeof colons || character == ':' || character == '.')
            return false;
        colons[address.length] = character == '-' ? ':' : character;
    }
    if (address.length == span.length)
        return take_address(address, NULL, literal);
    struct span zone = {span.start + address.length + 1, span.length - address.length - 1};
    return take_address(address, &zone, literal);
}

/* Not strncasecmp: where the locale is Turkish, that takes 'I' for another letter than 'i'. */
static bool is_suffix(const char *text)
{
    for (const char *expected = LITERAL_NET_SUFFIX; *expected != '\0'; expected++, text++)
        if (*text != *expected && (*text < 'A' || *text > 'Z' || *text - 'A' + 'a' != *expected))
            return false;
    return true;
}

bool literal_parse(const char *text, struct literal *literal)
{
    const size_t suffix_length = sizeof LITERAL_NET_SUFFIX - 1;
    if (text == NULL)
        return false;
    struct span span = {text, strlen(text)};
    if (parse_colons(span, literal))
        return true;
    if (span.length > 0 && text[span.length - 1] == '.')
        span.length--;
    if (span.length <= suffix_length)
        return false;
    span.length -= suffix_length;
    return is_suffix(text + span.length) && parse_dashes(span, literal);
}

bool literal_parse_ipv4(const char *text, struct in_addr *ipv4)
{
    struct in_addr found;
    if (text == NULL || !parse_plain(AF_INET, (struct span){text, strlen(text)}, &found))
        return false;
    *ipv4 = found;
    return true;
}

/* Whether all bits from `length` on are zero. */
static bool is_network(const struct ip_address *address, unsigned length, unsigned bits)
{
    for (unsigned bit = length; bit < bits; bit++)
        if (address->ipv6.s6_addr[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    return true;
}

bool literal_parse_prefix(const char *text, struct ip_address *prefix, unsigned *length)
{
    if (text == NULL)
        return false;
    struct span span = {text, strcspn(text, "/")};
    struct in_addr ipv4;
    struct in6_addr ipv6;
    struct ip_address found;
    if (parse_plain(AF_INET, span, &ipv4))
        found = address_ipv4(ipv4);
    else if (parse_plain(AF_INET6, span, &ipv6))
        found = address_ipv6(&ipv6, 0);
    else
        return false;

    uint32_t bits = found.family == AF_INET ? 32 : 128, count = bits;
    const char *slash = text + span.length;
    if (*slash != '\0' && !parse_decimal((struct span){slash + 1, strlen(slash + 1)}, bits, &count))
        return false;
    if (!is_network(&found, count, bits))
        return false;
    *prefix = found;
    *length = count;
    return true;
}
