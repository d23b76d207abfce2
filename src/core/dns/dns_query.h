/*
 * What a program asks a name server by itself, and what is asked in its stead.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_DNS_DNS_QUERY_H
#define V6SHIM_CORE_DNS_DNS_QUERY_H

#include "core/address/address.h"
#include "core/dns/dns_message.h"

/* What is to be done about a program's message to a name server. */
enum dns_task {
    /*
     * The message and the answer to it pass as they are. So does all that is no plain question of a stub resolver for
     * A or PTR in class IN: other types and classes, updates and transfers, several questions, a signature (TSIG,
     * SIG(0)); a question with DO (RFC 3225), since who checks signatures finds out what was changed; one without RD,
     * since it comes from a program that goes from server to server; what can't be read.
     */
    DNS_PASS,
    /*
     * A question for A records: the AAAA records are wanted too, for their aliases. The caller sends the message on
     * as it is and, beside it, the one of dns_query_for_aaaa(). See dns_rewrite.h for what comes of both answers.
     */
    DNS_WANTS_ADDRESSES,
    /*
     * A question for the name of query->address. If that is an alias, the caller sends the message of
     * dns_query_for_name() in its place, and makes the answer of the answer to that by dns_rewrite_name(). If it is
     * none, DNS_PASS.
     */
    DNS_WANTS_NAME,
};

/* A question, of class IN. */
struct dns_question {
    struct dns_name name;
    uint16_t type;
};

struct dns_query {
    enum dns_task task; /* where it is DNS_PASS, nothing below is to be used */
    uint16_t id, flags;
    struct dns_question question; /* letter case as the program sent it (0x20: an answer has to show the same) */
    bool has_edns;
    uint16_t udp_size;      /* what an answer by UDP may have: DNS_UDP_MAX or more */
    struct in_addr address; /* for DNS_WANTS_NAME */
};

/* Reads a message of any bytes. Returns query->task. */
enum dns_task dns_query_read(const uint8_t *message, size_t length, struct dns_query *query);

/* How long an answer to the program may be. */
size_t dns_query_room(const struct dns_query *query, bool by_tcp);

/*
 * Both write a question into `result`, return its length, and set `question` to what dns_reply_read() has to compare
 * the answer with. 0 where `size` is too small. `id` is the caller's choice: the program's own, where a socket of its
 * own carries the question, else one that can't be guessed.
 *
 * For AAAA: the program's message (`message`, of which `query` was read) with another type and id. Letter case, flags
 * and EDNS options stay. The length is that of the message.
 */
size_t dns_query_for_aaaa(const struct dns_query *query, const uint8_t *message, size_t length, uint16_t id,
                          uint8_t *result, size_t size, struct dns_question *question);

/* The name of an IPv6 address (its scope isn't used), in ip6.arpa (RFC 3596 section 2.5). Flags are the program's;
   EDNS is there where it was, without options. At most DNS_NAME_QUERY_MAX bytes. */
#define DNS_NAME_QUERY_MAX (DNS_HEADER_SIZE + 74 + 4 + DNS_OPT_SIZE)
size_t dns_query_for_name(const struct dns_query *query, const struct ip_address *address, uint16_t id,
                          uint8_t *result, size_t size, struct dns_question *question);

#endif
