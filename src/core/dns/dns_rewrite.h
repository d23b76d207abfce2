/*
 * The answers that a program gets to its own questions: with aliases beside the IPv4 addresses of a name, and with
 * the name of the IPv6 address that an alias stands for.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_DNS_DNS_REWRITE_H
#define V6SHIM_CORE_DNS_DNS_REWRITE_H

#include "core/dns/dns_reply.h"

/* An alias that the program is to be shown, and for how long: what dns_reply_addresses said of its address. */
struct dns_alias {
    struct in_addr address;
    uint32_t ttl_s;
};

/*
 * Whether aliases may be added to the answer that the program's question got, NULL for none (it timed out). Not where
 * it is truncated, since the program will ask again by TCP, and not where the server has refused to answer. An error
 * of the server, and "no such name", may be wrong for AAAA (RFC 6147 section 5.1 has the same for the other
 * direction). Else, and where there is no alias to add, the program gets the answer as it is, byte by byte.
 */
bool dns_rewrite_is_due(const struct dns_reply *answer);

/*
 * The answer with aliases: `answer` is what the program's question got, as above; `aaaa` the answer for AAAA that the
 * aliases were made of. Returns the length, 0 where `room` is below DNS_UDP_MAX. `room` is dns_query_room(): what
 * doesn't fit is left out, and TC is set, so that the program asks again by TCP. `result` has `room` bytes, and
 * overlaps nothing.
 *
 * It has the program's id and question; the chain of CNAME records; the A records of `answer`, first; those of the
 * aliases. Their time to live is at most that of a CNAME before them. Where `answer` has no address, the chain is
 * that of `aaaa`. OPT is the server's where the program sent one, with options that take no more than a quarter of
 * the room. AD is not set, the code is "no error". The sections "authority" and "additional" are left out, and so are
 * records of other types, which no stub resolver asked for.
 */
size_t dns_rewrite_addresses(const struct dns_query *query, const struct dns_reply *answer,
                             const struct dns_reply *aaaa, const struct dns_alias *aliases, size_t count,
                             uint8_t *result, size_t room);

/*
 * The answer to a question for the name of an alias: `name` is the answer to dns_query_for_name(). Its PTR records
 * stand under the name that the program asked for, with its code, and as above. Returns the length, 0 where `room` is
 * too small.
 */
size_t dns_rewrite_name(const struct dns_query *query, const struct dns_reply *name, uint8_t *result, size_t room);

#endif
