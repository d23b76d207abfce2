/* Makes the answers that a program gets to its own questions; for the relay of the preload. */
#include "core/dns/dns_rewrite.h"

#include <string.h>

#define FLAGS_AT      2
#define ANSWERS_AT    6
#define ADDITIONAL_AT 10

/* An answer that is being written. */
struct answer {
    struct dns_writer writer;
    size_t name_at; /* where the name of the next record stands */
    uint16_t flags;
    uint16_t records;
};

bool dns_rewrite_is_due(const struct dns_reply *answer)
{
    return answer == NULL ||
           (!answer->truncated && (answer->code == DNS_CODE_NO_ERROR || answer->code == DNS_CODE_NO_NAME ||
                                   answer->code == DNS_CODE_SERVER_FAIL));
}

static void set_16(struct answer *answer, size_t at, uint16_t number)
{
    answer->writer.bytes[at] = (uint8_t)(number >> 8);
    answer->writer.bytes[at + 1] = (uint8_t)number;
}

/* Of OPT there has to be room at the end, so that it is taken away first: its options are left out where they would
   take more than a quarter of the room. With the longest question the header takes 271 bytes of 512. */
static size_t room_for_options(const struct dns_query *query, const struct dns_reply *from, size_t room)
{
    if (!query->has_edns || from->edns == NULL)
        return 0;
    return from->edns_length <= room / 4 ? from->edns_length : DNS_OPT_SIZE;
}

static struct answer begin(const struct dns_query *query, const struct dns_reply *from, unsigned code,
                           uint8_t *result, size_t room)
{
    static const uint8_t no_records[] = {0, 1, 0, 0, 0, 0, 0, 0};
    const uint16_t of_program = DNS_FLAG_RECURSE | DNS_FLAG_UNCHECKED;
    struct answer answer = {.writer = {.bytes = result, .room = room - room_for_options(query, from, room)},
                            .name_at = DNS_FIRST_QUESTION};
    answer.flags =
        (uint16_t)((from->flags & ~(of_program | DNS_FLAG_AUTHENTIC | DNS_FLAG_TRUNCATED | DNS_CODE_MASK)) |
                   (query->flags & of_program) | code);
    dns_put_16(&answer.writer, query->id);
    dns_put_16(&answer.writer, answer.flags);
    dns_put(&answer.writer, no_records, sizeof no_records);
    dns_put(&answer.writer, query->question.name.bytes, query->question.name.length);
    dns_put_16(&answer.writer, query->question.type);
    dns_put_16(&answer.writer, DNS_CLASS_IN);
    return answer;
}

/* One record, whole or not at all; after one that didn't fit there are no more. */
static void put_record(struct answer *answer, uint16_t type, uint32_t ttl_s, const void *data, size_t length)
{
    struct dns_writer *writer = &answer->writer;
    size_t before = writer->length;
    dns_put_16(writer, (uint16_t)(DNS_POINTER << 8 | answer->name_at));
    dns_put_16(writer, type);
    dns_put_16(writer, DNS_CLASS_IN);
    dns_put_32(writer, dns_ttl_s(ttl_s));
    dns_put_16(writer, (uint16_t)length);
    dns_put(writer, data, length);
    if (writer->full || answer->records == UINT16_MAX) {
        writer->full = true;
        writer->length = before;
    } else {
        answer->records++;
    }
}

static void put_links(struct answer *answer, const struct dns_query *query, const struct dns_reply *from)
{
    struct dns_name name = query->question.name, target;
    struct dns_record record;
    for (size_t link = 0; link < from->links && dns_reply_link(from, &name, &record, &target); link++) {
        put_record(answer, DNS_TYPE_CNAME, record.ttl_s, target.bytes, target.length);
        if (answer->writer.full)
            return;
        answer->name_at = answer->writer.length - target.length;
        name = target;
    }
}

static size_t finish(struct answer *answer, const struct dns_query *query, const struct dns_reply *from, size_t room)
{
    size_t options = room_for_options(query, from, room);
    set_16(answer, ANSWERS_AT, answer->records);
    if (answer->writer.full)
        set_16(answer, FLAGS_AT, answer->flags | DNS_FLAG_TRUNCATED);
    answer->writer.full = false;
    answer->writer.room += options;
    if (options > 0) {
        uint8_t *start = answer->writer.bytes + answer->writer.length;
        dns_put(&answer->writer, from->edns, options);
        start[5] = 0; /* of the code, which is none of EDNS's */
        if (options < from->edns_length)
            memset(start + DNS_OPT_SIZE - 2, 0, 2); /* the length of options */
        set_16(answer, ADDITIONAL_AT, 1);
    }
    return answer->writer.length;
}

size_t dns_rewrite_addresses(const struct dns_query *query, const struct dns_reply *answer,
                             const struct dns_reply *aaaa, const struct dns_alias *aliases, size_t count,
                             uint8_t *result, size_t room)
{
    const struct dns_reply *from = answer != NULL ? answer : aaaa;
    const struct dns_reply *chain = answer != NULL && answer->count > 0 ? answer : aaaa;
    if (room < DNS_UDP_MAX)
        return 0;
    struct answer made = begin(query, from, DNS_CODE_NO_ERROR, result, room);
    put_links(&made, query, chain);
    if (chain == answer) {
        struct dns_reader at = chain->answers;
        struct dns_record record;
        for (uint16_t left = chain->answer_count; !made.writer.full && dns_reply_next(chain, &at, &left, &record);)
            put_record(&made, DNS_TYPE_A, record.ttl_s, at.message + record.data, record.length);
    }
    for (size_t alias = 0; alias < count && !made.writer.full; alias++) {
        uint32_t ttl_s = aliases[alias].ttl_s < chain->ttl_s ? aliases[alias].ttl_s : chain->ttl_s;
        put_record(&made, DNS_TYPE_A, ttl_s, &aliases[alias].address, sizeof aliases[alias].address);
    }
    return finish(&made, query, from, room);
}

size_t dns_rewrite_name(const struct dns_query *query, const struct dns_reply *name, uint8_t *result, size_t room)
{
    if (room < DNS_UDP_MAX)
        return 0;
    struct answer made =
        begin(query, name, name->code <= DNS_CODE_MASK ? name->code : DNS_CODE_SERVER_FAIL, result, room);
    struct dns_reader at = name->answers;
    struct dns_record record;
    struct dns_name text;
    for (uint16_t left = name->answer_count; !made.writer.full && dns_reply_next(name, &at, &left, &record);) {
        uint32_t ttl_s = dns_ttl_s(record.ttl_s);
        if (dns_name_at(&at, record.data, &text))
            put_record(&made, DNS_TYPE_PTR, ttl_s < name->ttl_s ? ttl_s : name->ttl_s, text.bytes, text.length);
    }
    made.writer.full = made.writer.full || name->truncated;
    return finish(&made, query, name, room);
}
