/*
 * NAT64: IPv4 addresses inside IPv6 ones (RFC 6052), and the prefix of a network found in its DNS64 answers (RFC
 * 7050).
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_NAT64_NAT64_H
#define V6SHIM_CORE_NAT64_NAT64_H

#include "core/address/address.h"

/* A network announces one prefix, or one for each of its translators. Further ones of an answer are passed over. */
#define NAT64_PREFIXES_MAX 8

/* The name with no AAAA record of its own, so that any AAAA of it is a DNS64's work (RFC 7050 section 8). */
#define NAT64_DISCOVERY_NAME "ipv4only.arpa."

struct nat64_prefix {
    struct ip_address address; /* AF_INET6, all bits after the length zero */
    unsigned length;           /* 32, 40, 48, 56, 64 or 96 */
};

/*
 * What is wrong with a prefix, as a clause for an error line ("the length must be 32, ..."); NULL if nothing is. A
 * good one is 64:ff9b::/96 (RFC 6052), part of 64:ff9b:1::/48 (RFC 8215), or somebody's global unicast (2000::/3) or
 * unique local (fc00::/7) space; its bits 64 to 71 are zero (RFC 6052 section 2.2). The functions below take good
 * ones.
 */
const char *nat64_prefix_fault(const struct nat64_prefix *prefix);

bool nat64_prefix_equal(const struct nat64_prefix *left, const struct nat64_prefix *right);

/* RFC 6052 section 2.3, as such: whether that IPv4 address has any business behind a NAT64 is not asked. */
struct ip_address nat64_embed(const struct nat64_prefix *prefix, struct in_addr ipv4);

/*
 * The IPv4 address inside; false, and `ipv4` alone, where `address` is not in the prefix or its bits 64 to 71 are not
 * zero. A suffix that is not zero is ignored (RFC 6052 section 2.2). Nothing is asked about the IPv4 address, which
 * may be 127.0.0.1: never show it to a program; that is what nat64_recover is for.
 */
bool nat64_extract(const struct nat64_prefix *prefix, const struct ip_address *address, struct in_addr *ipv4);

/*
 * Whether an IPv4 address may be reached through the prefix. Never: 0/8, 127/8, 169.254/16, multicast, 240/4 with the
 * broadcast address, a host's own 464XLAT addresses (192.0.0.0/29, RFC 7335) and those of ipv4only.arpa. Never
 * through the well-known prefix: any address that is not global (RFC 6052 section 3.1, RFC 5735 section 3). Through
 * another one, private addresses (RFC 1918, RFC 6598) only with `allow_private`: the prefix is the network's own.
 */
bool nat64_may_carry(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private);
/* The same as a reason, a clause for a log line; NULL: it may be. */
const char *nat64_refusal(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private);
/* Whether it is one of those private addresses. */
bool nat64_is_private(struct in_addr ipv4);

/* nat64_embed and nat64_extract where nat64_may_carry agrees; else false, and the result alone. An address with a
   suffix is not recovered: embedding the IPv4 address again would lead to another one, perhaps another host. */
bool nat64_synthesize(const struct nat64_prefix *prefix, struct in_addr ipv4, bool allow_private,
                      struct ip_address *address);
bool nat64_recover(const struct nat64_prefix *prefix, const struct ip_address *address, bool allow_private,
                   struct in_addr *ipv4);

/* The longest of the prefixes that holds the address; NULL if none does. */
const struct nat64_prefix *nat64_prefix_of(const struct nat64_prefix *prefixes, size_t count,
                                           const struct ip_address *address);

/*
 * RFC 7050 section 3: the prefixes in the AAAA addresses of ipv4only.arpa, in the order received, each once,
 * `maximum` at most. Returns how many. An answer counts if 192.0.0.170 or 192.0.0.171 occurs in it exactly once, on
 * an octet boundary, at one of the six places, after a good prefix. One that holds both (a prefix may contain either
 * by chance, or by malice) counts only if another answer has the other address at the same place of the same prefix.
 * Other answers, such as a captive portal's own address, are passed over.
 */
size_t nat64_discover(const struct ip_address *answers, size_t count, struct nat64_prefix *prefixes, size_t maximum);

#endif
