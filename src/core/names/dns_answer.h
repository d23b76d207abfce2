/*
 * The answer of a name server to one question for AAAA records (RFC 1035): its addresses, and for how long they
 * count.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_NAMES_DNS_ANSWER_H
#define V6SHIM_CORE_NAMES_DNS_ANSWER_H

#include "core/address/address.h"
#include "core/dns/dns_message.h"

#define DNS_ANSWERS_MAX 32

struct dns_answer {
    unsigned code;
    size_t count; /* further addresses are passed over */
    struct ip_address addresses[DNS_ANSWERS_MAX];
    uint32_t ttl_s; /* the least of the addresses'; with none, how long that counts (RFC 2308 section 5) */
    bool has_ttl;
};

/* Reads a message of any bytes. False for what is no answer, or is cut short; nothing of it is then to be used. */
bool dns_answer_read(const uint8_t *message, size_t length, struct dns_answer *answer);

#endif
