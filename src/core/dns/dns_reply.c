/* Reads answers of name servers: chains of CNAME records, addresses, names; called by core/dns/dns_rewrite.c and by
   the relay of the preload. */
#include "core/dns/dns_reply.h"

#include <string.h>

#define CODE_BITS 4 /* of the header; EDNS has those above */

static bool has_owner(const struct dns_reader *reader, const struct dns_record *record, const struct dns_name *owner)
{
    struct dns_name name;
    return record->class == DNS_CLASS_IN && dns_name_at(reader, record->start, &name) &&
           dns_names_equal(&name, owner);
}

static bool reads_as(const struct dns_reader *reader, const struct dns_record *record, struct dns_name *name)
{
    struct dns_reader data = {reader->message, reader->length, record->data};
    return dns_read_name(&data, name) && data.at == record->data + record->length;
}

bool dns_reply_link(const struct dns_reply *reply, const struct dns_name *owner, struct dns_record *record,
                    struct dns_name *target)
{
    struct dns_reader at = reply->answers;
    for (uint16_t left = reply->answer_count; left > 0; left--) {
        if (!dns_read_record(&at, record))
            return false;
        if (record->type == DNS_TYPE_CNAME && has_owner(&at, record, owner) && reads_as(&at, record, target))
            return true;
    }
    return false;
}

/* Whether the data is what the type says, as far as we use it. */
static bool is_whole(const struct dns_reader *reader, const struct dns_record *record)
{
    struct dns_name name;
    switch (record->type) {
    case DNS_TYPE_A:
        return record->length == sizeof(struct in_addr);
    case DNS_TYPE_AAAA:
        return record->length == sizeof(struct in6_addr);
    default:
        return reads_as(reader, record, &name);
    }
}

bool dns_reply_next(const struct dns_reply *reply, struct dns_reader *at, uint16_t *left, struct dns_record *record)
{
    for (; *left > 0; --*left) {
        if (!dns_read_record(at, record))
            return false;
        if (record->type == reply->question.type && has_owner(at, record, &reply->question.name) &&
            is_whole(at, record)) {
            --*left;
            return true;
        }
    }
    return false;
}

/* All records must be there. Finds OPT among the last ones. */
static bool walk_records(struct dns_reader reader, const struct dns_header *header, struct dns_reply *reply)
{
    struct dns_record record;
    uint32_t before = (uint32_t)header->answers + header->authorities, all = before + header->additional;
    for (uint32_t number = 0; number < all; number++) {
        if (!dns_read_record(&reader, &record))
            return false;
        if (number < before || record.type != DNS_TYPE_OPT || reader.message[record.start] != 0 ||
            reply->edns != NULL)
            continue;
        reply->edns = reader.message + record.start;
        reply->edns_length = reader.at - record.start;
        reply->code |= record.ttl_s >> 24 << CODE_BITS;
    }
    return true;
}

/* Follows the chain from the name asked for. False for one that goes round, or on for ever. */
static bool follow_links(struct dns_reply *reply)
{
    struct dns_record record;
    struct dns_name target;
    while (dns_reply_link(reply, &reply->question.name, &record, &target)) {
        if (++reply->links > DNS_LINKS_MAX)
            return false;
        reply->question.name = target;
        uint32_t ttl_s = dns_ttl_s(record.ttl_s);
        if (ttl_s < reply->ttl_s)
            reply->ttl_s = ttl_s;
    }
    return true;
}

bool dns_reply_read(const uint8_t *message, size_t length, uint16_t id, const struct dns_question *question,
                    struct dns_reply *reply)
{
    struct dns_reader reader = {message, length, 0};
    struct dns_header header;
    uint16_t type, class;
    memset(reply, 0, sizeof *reply);
    if (!dns_read_header(&reader, &header) || header.id != id || header.questions != 1 ||
        (header.flags & (DNS_FLAG_RESPONSE | DNS_OPERATION_MASK)) != DNS_FLAG_RESPONSE)
        return false;
    if (!dns_read_name(&reader, &reply->question.name) || !dns_read_16(&reader, &type) ||
        !dns_read_16(&reader, &class) || type != question->type || class != DNS_CLASS_IN ||
        !dns_names_equal(&reply->question.name, &question->name))
        return false;
    reply->question.type = type;
    reply->answers = reader;
    reply->answer_count = header.answers;
    reply->flags = header.flags;
    reply->code = header.flags & DNS_CODE_MASK;
    reply->truncated = (header.flags & DNS_FLAG_TRUNCATED) != 0;
    reply->ttl_s = INT32_MAX;
    if (!walk_records(reader, &header, reply) || !follow_links(reply))
        return false;
    struct dns_record record;
    for (uint16_t left = reply->answer_count; dns_reply_next(reply, &reader, &left, &record);)
        reply->count++;
    return true;
}

size_t dns_reply_addresses(const struct dns_reply *reply, struct dns_address *addresses, size_t most)
{
    struct dns_reader at = reply->answers;
    struct dns_record record;
    size_t count = 0;
    uint16_t left = reply->question.type == DNS_TYPE_AAAA ? reply->answer_count : 0;
    while (count < most && dns_reply_next(reply, &at, &left, &record)) {
        struct in6_addr ipv6;
        uint32_t ttl_s = dns_ttl_s(record.ttl_s);
        memcpy(&ipv6, at.message + record.data, sizeof ipv6);
        addresses[count++] =
            (struct dns_address){address_ipv6(&ipv6, 0), ttl_s < reply->ttl_s ? ttl_s : reply->ttl_s};
    }
    return count;
}
