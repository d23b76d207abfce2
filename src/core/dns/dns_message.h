/*
 * Messages of the DNS as they are on the wire (RFC 1035 section 4): headers, names, records.
 *
 * Whatever a message holds, nothing outside it is read, and each function ends: a pointer in a name counts only where
 * it leads to a place before the labels that it follows.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_DNS_DNS_MESSAGE_H
#define V6SHIM_CORE_DNS_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 1035 sections 2.3.4 and 4.1; RFC 3596 for AAAA, RFC 6891 for OPT. */
#define DNS_HEADER_SIZE          12
#define DNS_NAME_MAX             255 /* as on the wire, with the final 0 */
#define DNS_UDP_MAX              512 /* without EDNS */
#define DNS_TCP_MAX              65535
#define DNS_OPT_SIZE             11 /* without options */
#define DNS_FIRST_QUESTION       DNS_HEADER_SIZE
#define DNS_POINTER              0xc0u /* the two highest bits of a label's length */
#define DNS_FLAG_RESPONSE        0x8000u
#define DNS_FLAG_TRUNCATED       0x0200u
#define DNS_FLAG_RECURSE         0x0100u
#define DNS_FLAG_RECURSION_THERE 0x0080u
#define DNS_FLAG_AUTHENTIC       0x0020u /* RFC 4035 section 3.1.6 */
#define DNS_FLAG_UNCHECKED       0x0010u
#define DNS_OPERATION_MASK       0x7800u
#define DNS_CODE_MASK            0x000fu
#define DNS_CODE_NO_ERROR        0
#define DNS_CODE_SERVER_FAIL     2
#define DNS_CODE_NO_NAME         3
#define DNS_CLASS_IN             1

enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_OPT = 41,
};

/* A message, and how far it has been read. */
struct dns_reader {
    const uint8_t *message;
    size_t length;
    size_t at;
};

struct dns_header {
    uint16_t id, flags;
    uint16_t questions, answers, authorities, additional;
};

/* A name without compression, letter case as it was. */
struct dns_name {
    uint8_t length; /* of its bytes, with the final 0 */
    uint8_t bytes[DNS_NAME_MAX];
};

struct dns_record {
    size_t start; /* where its owner's name begins in the message */
    uint16_t type, class;
    uint32_t ttl_s; /* as it stands; see dns_ttl_s */
    size_t data;    /* where that begins */
    uint16_t length;
};

/* All of these: false where the message ends before, or is none. Then the reader is anywhere. */
bool dns_read_header(struct dns_reader *reader, struct dns_header *header);
bool dns_read_16(struct dns_reader *reader, uint16_t *number);
bool dns_skip(struct dns_reader *reader, size_t size);
bool dns_skip_name(struct dns_reader *reader); /* pointers aren't followed, and may lead anywhere */
bool dns_read_name(struct dns_reader *reader, struct dns_name *name);
bool dns_read_record(struct dns_reader *reader, struct dns_record *record); /* its owner's name is passed over */

/* The name that begins there; reader->at isn't used, nor changed. */
bool dns_name_at(const struct dns_reader *reader, size_t at, struct dns_name *name);

/* Without regard to letter case (RFC 4343). */
bool dns_names_equal(const struct dns_name *left, const struct dns_name *right);

/* A time to live that counts: at most INT32_MAX, with the highest bit 0 (RFC 2181 section 8). */
uint32_t dns_ttl_s(uint32_t ttl_s);

uint16_t dns_get_16(const uint8_t *bytes);
uint32_t dns_get_32(const uint8_t *bytes);

/* Writes a message. What doesn't fit isn't written, nor what comes after it, and `full` is set. */
struct dns_writer {
    uint8_t *bytes;
    size_t room; /* at `bytes` */
    size_t length;
    bool full;
};

void dns_put(struct dns_writer *writer, const void *bytes, size_t size);
void dns_put_16(struct dns_writer *writer, uint16_t number);
void dns_put_32(struct dns_writer *writer, uint32_t number);

#endif
