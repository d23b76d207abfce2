/*
 * An IP address of either family, what kind of address it is, and its forms: socket address, text, IPv4-mapped.
 *
 * Pure: no I/O, no globals, no clock, no allocation. Every function is async-signal-safe and leaves errno alone.
 */
#ifndef V6SHIM_CORE_ADDRESS_ADDRESS_H
#define V6SHIM_CORE_ADDRESS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Longest text of address_print: an IPv6 address, '%', a ten-digit interface index and the final NUL. */
#define ADDRESS_TEXT_SIZE (INET6_ADDRSTRLEN + 11)

/* An IPv4 or IPv6 address without a port. Set by the functions below with every unused byte zero. */
struct ip_address {
    sa_family_t family; /* AF_INET or AF_INET6; AF_UNSPEC means "no address" */
    uint32_t scope;     /* interface index where address_takes_scope (RFC 4007), else 0 */
    union {
        struct in_addr ipv4;
        struct in6_addr ipv6;
    };
};

/* Both make an address; neither checks anything. The classification below is of the address as it stands: an
   IPv4-mapped one is an IPv6 address there; unmap it first where the IPv4 address inside is meant. */
struct ip_address address_ipv4(struct in_addr ipv4);
struct ip_address address_ipv6(const struct in6_addr *ipv6, uint32_t scope);

/* Same family, same bytes and, for IPv6, same scope. */
bool address_equal(const struct ip_address *left, const struct ip_address *right);

/* 0.0.0.0 or ::. */
bool address_is_unspecified(const struct ip_address *address);
/* 127.0.0.0/8 or ::1. An IPv4-mapped loopback (::ffff:127.0.0.1) is not: it is never seen from a real loopback peer.
 */
bool address_is_loopback(const struct ip_address *address);
/* 169.254.0.0/16 or fe80::/10. */
bool address_is_link_local(const struct ip_address *address);
/* 224.0.0.0/4 or ff00::/8. */
bool address_is_multicast(const struct ip_address *address);
/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
bool address_is_mapped(const struct ip_address *address);
/* An IPv6 address that means something on one interface only, so that a zone belongs to it: fe80::/10, and multicast
   of interface-local or link-local scope (ffx1::/16, ffx2::/16). The kernel reads sin6_scope_id of these alone. */
bool address_takes_scope(const struct ip_address *address);

/* ::ffff:a.b.c.d of an IPv4 address. */
struct ip_address address_map(struct in_addr ipv4);
/* The IPv4 address inside an IPv4-mapped one; any other address unchanged. */
struct ip_address address_unmap(const struct ip_address *address);

/*
 * Reads a socket address, aligned or not. `length` is what the caller said the size is: too short for its family, or
 * a family other than AF_INET and AF_INET6, gives false and leaves the results alone; so does NULL. As in the kernel,
 * the 24 bytes of RFC 2133 (no sin6_scope_id) are enough for IPv6. `port` (host byte order) may be NULL.
 * sin6_scope_id is kept where address_takes_scope, since the kernel ignores it elsewhere.
 */
bool address_from_sockaddr(const struct sockaddr *socket_address, socklen_t length, struct ip_address *address,
                           uint16_t *port);

/* Writes sockaddr_in or sockaddr_in6, all other bytes zero; returns its length, 0 for no address. */
socklen_t address_to_sockaddr(const struct ip_address *address, uint16_t port, struct sockaddr_storage *result);

/*
 * Text as RFC 5952 wants it, "%index" added where scope is not 0; mapped addresses in mixed notation. `text` holds at
 * least ADDRESS_TEXT_SIZE bytes. No address is "-". Returns `text`. No stdio, so that a log line can be made in a
 * signal handler.
 */
char *address_print(const struct ip_address *address, char *text);

/* How many leading bits (0 to 32 or 128) the two share; 0 for different families. */
unsigned address_common_prefix(const struct ip_address *left, const struct ip_address *right);

/* Whether the first `prefix_length` bits of both are the same (and the family). */
bool address_in_prefix(const struct ip_address *address, const struct ip_address *prefix, unsigned prefix_length);

#endif
