/* Reads a DNS answer for AAAA records; called by the discovery of NAT64 (preload/nat64/record.c). */
#include "core/names/dns_answer.h"

#include <string.h>

#include "core/dns/dns_message.h"

#define QUESTION_SIZE 4 /* type, class */
#define TTL_SIZE      4

static void note_ttl(struct dns_answer *answer, uint32_t ttl_s)
{
    ttl_s = dns_ttl_s(ttl_s);
    if (!answer->has_ttl || ttl_s < answer->ttl_s)
        answer->ttl_s = ttl_s;
    answer->has_ttl = true;
}

static bool read_record(struct dns_reader *reader, struct dns_answer *answer, unsigned wanted)
{
    struct dns_record record;
    struct in6_addr ipv6;
    if (!dns_read_record(reader, &record))
        return false;
    if (record.type != wanted || record.class != DNS_CLASS_IN)
        return true;
    const uint8_t *data = reader->message + record.data;
    if (wanted == DNS_TYPE_AAAA && record.length == sizeof ipv6 && answer->count < DNS_ANSWERS_MAX) {
        memcpy(&ipv6, data, sizeof ipv6);
        answer->addresses[answer->count++] = address_ipv6(&ipv6, 0);
        note_ttl(answer, record.ttl_s);
    } else if (wanted == DNS_TYPE_SOA && record.length >= TTL_SIZE) {
        note_ttl(answer, record.ttl_s);
        note_ttl(answer, dns_get_32(data + record.length - TTL_SIZE)); /* its last field */
    }
    return true;
}

bool dns_answer_read(const uint8_t *message, size_t length, struct dns_answer *answer)
{
    struct dns_reader reader = {message, length, 0};
    struct dns_header header;
    memset(answer, 0, sizeof *answer);
    if (!dns_read_header(&reader, &header))
        return false;
    if ((header.flags & DNS_FLAG_RESPONSE) == 0 || (header.flags & DNS_FLAG_TRUNCATED) != 0)
        return false;
    answer->code = header.flags & DNS_CODE_MASK;
    for (unsigned i = header.questions; i > 0; i--)
        if (!dns_skip_name(&reader) || !dns_skip(&reader, QUESTION_SIZE))
            return false;
    for (unsigned i = header.answers; i > 0; i--)
        if (!read_record(&reader, answer, DNS_TYPE_AAAA))
            return false;
    for (unsigned i = answer->count > 0 ? 0 : header.authorities; i > 0; i--)
        if (!read_record(&reader, answer, DNS_TYPE_SOA))
            return false;
    return true;
}
