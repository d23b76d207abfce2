/*
 * Addresses as a person types them where an old program expects a name or a dotted quad.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_ADDRESS_LITERAL_H
#define V6SHIM_CORE_ADDRESS_LITERAL_H

#include "core/address/address.h"

/* A zone as typed: an interface name (at most 15 characters, as IF_NAMESIZE says) or a decimal index. */
#define LITERAL_ZONE_SIZE 16

struct literal {
    struct ip_address address;    /* scope is set only where the zone was a number; then `zone` is "" */
    char zone[LITERAL_ZONE_SIZE]; /* an interface name that the caller has still to look up, else "" */
};

/*
 * Reads an IPv6 address: RFC 4291 text, RFC 4007 zone ("fe80::1%eth0", "%3"), surrounding brackets allowed; or the
 * ipv6-literal.net form ("2001-db8--1.ipv6-literal.net", any letter case, zone after 's': "fe80--1s4..."), final dot
 * allowed. "::" gives the IPv4 address 0.0.0.0 and "::ffff:a.b.c.d" gives a.b.c.d, since a program that knows only
 * IPv4 means those by it. A zone on an address without one (address_takes_scope) is refused.
 *
 * Returns false, and leaves `literal` alone, for anything else: dotted quads and host names too.
 */
bool literal_parse(const char *text, struct literal *literal);

/*
 * Reads exactly a dotted quad of four decimal parts ("192.0.2.1"), as inet_pton(AF_INET) does. Used where a setting
 * wants an IPv4 address; the old forms of inet_aton are libc's business.
 */
bool literal_parse_ipv4(const char *text, struct in_addr *ipv4);

/*
 * Reads "address/length" of either family; a missing length means the whole address. Bits after the prefix must be
 * zero. False, and results alone, otherwise.
 */
bool literal_parse_prefix(const char *text, struct ip_address *prefix, unsigned *length);

#endif
