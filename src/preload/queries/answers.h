/*
 * The answer that a program gets to its own question, made of that to its question and of that to ours: with the
 * aliases of the name's IPv6 addresses, which are remembered as of any lookup.
 */
#ifndef V6SHIM_PRELOAD_QUERIES_ANSWERS_H
#define V6SHIM_PRELOAD_QUERIES_ANSWERS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dns/dns_rewrite.h"
#include "preload/resolve/resolve.h"

/* A message as it came. */
struct answers_message {
    const uint8_t *bytes;
    size_t length;
    uint16_t id; /* of the question that it answers */
    const struct dns_question *question;
};

/* What is too large for a stack: all zero, of the caller. */
struct answers_room {
    struct dns_reply answer, other;
    struct dns_address found[RESOLVE_ADDRESSES];
    struct dns_alias aliases[RESOLVE_ADDRESSES];
    struct resolve_addresses ipv4, ipv6, ordered;
    struct in_addr shown[RESOLVE_ADDRESSES];
    size_t places[RESOLVE_ADDRESSES];
    struct dns_name name;
    char text[DNS_NAME_MAX + 1];
    uint8_t result[DNS_TCP_MAX];
};

/*
 * `answer` (its bytes may be NULL: there is none) with the addresses of `aaaa`, into room->result. Returns the
 * length, 0 where the program is to have `answer` as it is: nothing is to be added, or it doesn't fit. `size` is what
 * the program has room for.
 *
 * Where a signal handler may be the caller, the name's addresses aren't put in order, nor remembered beside each
 * other. Otherwise as for a lookup (preload/resolve/resolve.h): allocates, and may ask for the prefix of a NAT64.
 */
size_t answers_with_aliases(const struct dns_query *query, const struct answers_message *answer,
                            const struct answers_message *aaaa, size_t size, struct answers_room *room);

/* The same with the addresses that libc has found for the name (of AF_INET6), whose time to live isn't known: it is
   0. `size` is DNS_TCP_MAX. */
size_t answers_with_hostent(const struct dns_query *query, const struct answers_message *answer,
                            const struct hostent *ipv6, struct answers_room *room);

/* A name as a program would give it to gethostbyname(). False where it has bytes that no host's name has. */
bool answers_name_text(const struct dns_name *name, char text[DNS_NAME_MAX + 1]);

/* The answer to a question for the name of an alias, of that for the name of its IPv6 address. As above. 0 where it
   is none. Async-signal-safe. */
size_t answers_with_name(const struct dns_query *query, const struct answers_message *name, size_t size,
                         struct answers_room *room);

#endif
