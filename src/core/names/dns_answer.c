/* Reads a DNS answer for AAAA records; called by the discovery of NAT64 (preload/nat64/record.c). */
#include "core/names/dns_answer.h"

#include <string.h>

/* RFC 1035 sections 3.2 and 4.1; RFC 3596 for AAAA. */
#define HEADER_SIZE    12
#define QUESTION_SIZE  4  /* type, class */
#define RECORD_SIZE    10 /* type, class, time to live, length of the data */
#define TTL_SIZE       4
#define FLAG_RESPONSE  0x8000u
#define FLAG_TRUNCATED 0x0200u
#define CODE_MASK      0x000fu
#define TYPE_SOA       6
#define TYPE_AAAA      28
#define CLASS_IN       1
#define POINTER        0xc0u /* the two highest bits of a label's length */

/* What is left to read. */
struct reader {
    const uint8_t *at;
    size_t left;
};

static bool take(struct reader *reader, size_t size, const uint8_t **bytes)
{
    if (reader->left < size)
        return false;
    *bytes = reader->at;
    reader->at += size;
    reader->left -= size;
    return true;
}

static uint32_t get16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes)
{
    return get16(bytes) << 16 | get16(bytes + 2);
}

/* Names are passed over, not read: a pointer ends one. */
static bool skip_name(struct reader *reader)
{
    const uint8_t *bytes;
    while (take(reader, 1, &bytes)) {
        uint8_t length = bytes[0];
        if (length == 0)
            return true;
        if ((length & POINTER) == POINTER)
            return take(reader, 1, &bytes);
        if ((length & POINTER) != 0 || !take(reader, length, &bytes))
            return false;
    }
    return false;
}

static void note_ttl(struct dns_answer *answer, uint32_t ttl_s)
{
    if (ttl_s > INT32_MAX) /* RFC 2181 section 8 */
        ttl_s = 0;
    if (!answer->has_ttl || ttl_s < answer->ttl_s)
        answer->ttl_s = ttl_s;
    answer->has_ttl = true;
}

static bool read_record(struct reader *reader, struct dns_answer *answer, unsigned wanted)
{
    const uint8_t *fixed, *data;
    struct in6_addr ipv6;
    if (!skip_name(reader) || !take(reader, RECORD_SIZE, &fixed) || !take(reader, get16(fixed + 8), &data))
        return false;
    size_t length = get16(fixed + 8);
    if (get16(fixed) != wanted || get16(fixed + 2) != CLASS_IN)
        return true;
    if (wanted == TYPE_AAAA && length == sizeof ipv6 && answer->count < DNS_ANSWERS_MAX) {
        memcpy(&ipv6, data, sizeof ipv6);
        answer->addresses[answer->count++] = address_ipv6(&ipv6, 0);
        note_ttl(answer, get32(fixed + 4));
    } else if (wanted == TYPE_SOA && length >= TTL_SIZE) {
        note_ttl(answer, get32(fixed + 4));
        note_ttl(answer, get32(data + length - TTL_SIZE)); /* its last field */
    }
    return true;
}

bool dns_answer_read(const uint8_t *message, size_t length, struct dns_answer *answer)
{
    struct reader reader = {message, length};
    const uint8_t *header, *question;
    memset(answer, 0, sizeof *answer);
    if (!take(&reader, HEADER_SIZE, &header))
        return false;
    uint32_t flags = get16(header + 2);
    if ((flags & FLAG_RESPONSE) == 0 || (flags & FLAG_TRUNCATED) != 0)
        return false;
    answer->code = flags & CODE_MASK;
    for (uint32_t i = get16(header + 4); i > 0; i--)
        if (!skip_name(&reader) || !take(&reader, QUESTION_SIZE, &question))
            return false;
    for (uint32_t i = get16(header + 6); i > 0; i--)
        if (!read_record(&reader, answer, TYPE_AAAA))
            return false;
    for (uint32_t i = answer->count > 0 ? 0 : get16(header + 8); i > 0; i--)
        if (!read_record(&reader, answer, TYPE_SOA))
            return false;
    return true;
}
