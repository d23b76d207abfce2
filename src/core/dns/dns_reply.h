/*
 * What a name server answers to one question.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_DNS_DNS_REPLY_H
#define V6SHIM_CORE_DNS_DNS_REPLY_H

#include "core/dns/dns_query.h"

#define DNS_LINKS_MAX 16 /* as many CNAME records are followed from the name asked for */

/* An answer. It points into the message, which must stay as long as it is used. */
struct dns_reply {
    struct dns_reader answers; /* at the first record behind the question */
    uint16_t answer_count;     /* records there, of all types and names */
    uint16_t flags;
    unsigned code; /* with the bits that EDNS adds: up to 4095 */
    bool truncated;
    struct dns_question question; /* with the name at the end of the chain of CNAME records */
    size_t links;                 /* of that chain */
    uint32_t ttl_s;               /* the least of the chain; INT32_MAX where there is none */
    size_t count;                 /* records of the type asked for, of that name */
    const uint8_t *edns;          /* the record OPT as it stands; NULL where there is none */
    size_t edns_length;
};

/*
 * Reads a message of any bytes. False for what is no answer to this question under this id, has more records in its
 * header than there are, or is none: the caller passes it on as it is, or goes on waiting. The name is compared
 * without regard to letter case; who depends on 0x20 for its own security compares the program's question by itself.
 */
bool dns_reply_read(const uint8_t *message, size_t length, uint16_t id, const struct dns_question *question,
                    struct dns_reply *reply);

/* An IPv6 address, and for how long it counts: never longer than a CNAME record that led to it. */
struct dns_address {
    struct ip_address address;
    uint32_t ttl_s;
};

/* The addresses of an answer for AAAA, at most `most`, in their order. Returns how many there are. Of a truncated
   answer they aren't all: ask again by TCP. */
size_t dns_reply_addresses(const struct dns_reply *reply, struct dns_address *addresses, size_t most);

/* The CNAME record that `owner` has there, and the name in it. */
bool dns_reply_link(const struct dns_reply *reply, const struct dns_name *owner, struct dns_record *record,
                    struct dns_name *target);

/* The next record of the type asked for and of the name at the end of the chain. `at` is reply->answers at first,
   `left` reply->answer_count. False where there is none left. */
bool dns_reply_next(const struct dns_reply *reply, struct dns_reader *at, uint16_t *left, struct dns_record *record);

#endif
