/*
 * A program's own questions to name servers and the answers to them: whatever they hold, nothing beyond them is read,
 * and what is made of them is a message that can be read again, fits, and tells no more than was told.
 */
#include "core/dns/dns_frame.h"
#include "core/dns/dns_rewrite.h"

#include <stdlib.h>
#include <string.h>

#define ALIASES    8
#define INPUT_MOST 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held)
{
    if (!held)
        abort();
}

/* A message of its own size: a question, and then bytes of the input, with what a header says of them. */
struct message {
    uint8_t *bytes;
    size_t length;
};

static struct message answer_of(uint16_t id, const struct dns_question *question, const uint8_t *data, size_t size)
{
    struct message message = {malloc(DNS_HEADER_SIZE + DNS_NAME_MAX + 4 + size), 0};
    require(message.bytes != NULL);
    struct dns_writer writer = {.bytes = message.bytes, .room = DNS_HEADER_SIZE + DNS_NAME_MAX + 4 + size};
    dns_put_16(&writer, id);
    for (size_t place = 0; place < 5; place++) { /* flags and counts; one question */
        static const uint8_t defaults[] = {0x81, 0, 0, 0, 0};
        dns_put_16(&writer, place == 1     ? 1
                            : size > place ? (uint16_t)(place == 0 ? defaults[0] << 8 | data[0] : data[place])
                                           : 0);
    }
    size_t used = size < 5 ? size : 5;
    dns_put(&writer, question->name.bytes, question->name.length);
    dns_put_16(&writer, question->type);
    dns_put_16(&writer, DNS_CLASS_IN);
    dns_put(&writer, data + used, size - used);
    require(!writer.full);
    message.length = writer.length;
    message.bytes = realloc(message.bytes, message.length);
    require(message.bytes != NULL);
    return message;
}

/* What was made must be an answer to the program's question. */
static void check_result(const struct dns_query *query, const uint8_t *result, size_t length, size_t room,
                         size_t most)
{
    struct dns_reply made;
    require(length <= room && length >= DNS_HEADER_SIZE);
    require(dns_reply_read(result, length, query->id, &query->question, &made));
    require(made.count <= most && made.code <= DNS_CODE_MASK);
    require((made.flags & DNS_FLAG_AUTHENTIC) == 0);
    require(made.answer_count == made.count + made.links || made.truncated);
}

static void check_addresses(const struct dns_query *query, const uint8_t *question, size_t question_length,
                            const uint8_t *data, size_t size)
{
    static uint8_t result[DNS_TCP_MAX];
    struct dns_question asked;
    struct dns_reply ipv4, ipv6;
    struct dns_address addresses[ALIASES];
    struct dns_alias aliases[ALIASES];
    uint8_t sent[INPUT_MOST];
    size_t half = size / 2, count = 0;
    size_t length = dns_query_for_aaaa(query, question, question_length, 9, sent, sizeof sent, &asked);
    require(length == question_length);
    struct message first = answer_of(query->id, &query->question, data, half);
    struct message second = answer_of(9, &asked, data + half, size - half);
    bool has_ipv4 = dns_reply_read(first.bytes, first.length, query->id, &query->question, &ipv4);
    if (dns_reply_read(second.bytes, second.length, 9, &asked, &ipv6)) {
        count = dns_reply_addresses(&ipv6, addresses, ALIASES);
        require(count <= ipv6.count && ipv6.links <= DNS_LINKS_MAX);
        for (size_t i = 0; i < count; i++) {
            require(addresses[i].ttl_s <= ipv6.ttl_s);
            aliases[i] = (struct dns_alias){{htonl(0xf0400001)}, addresses[i].ttl_s};
        }
        size_t room = dns_query_room(query, (data[0] & 1) != 0);
        if (!has_ipv4 || dns_rewrite_is_due(&ipv4)) {
            length = dns_rewrite_addresses(query, has_ipv4 ? &ipv4 : NULL, &ipv6, aliases, count, result, room);
            check_result(query, result, length, room, count + (has_ipv4 ? ipv4.count : 0));
        }
    }
    free(first.bytes);
    free(second.bytes);
}

static void check_name(const struct dns_query *query, const uint8_t *data, size_t size)
{
    static uint8_t result[DNS_TCP_MAX];
    static const struct in6_addr ipv6 = {{{0x20, 1, 0xd, 0xb8, [15] = 9}}};
    struct ip_address address = address_ipv6(&ipv6, 0);
    struct dns_question asked;
    struct dns_reply reply;
    uint8_t sent[DNS_NAME_QUERY_MAX];
    require(dns_query_for_name(query, &address, 9, sent, sizeof sent, &asked) > 0);
    struct message message = answer_of(9, &asked, data, size);
    if (dns_reply_read(message.bytes, message.length, 9, &asked, &reply)) {
        size_t room = dns_query_room(query, (data[0] & 1) != 0);
        size_t length = dns_rewrite_name(query, &reply, result, room);
        check_result(query, result, length, room, reply.count);
    }
    free(message.bytes);
}

/* The same messages come out of a stream however it is cut. */
static void check_frames(const uint8_t *data, size_t size)
{
    struct dns_frame whole = {.got = 0}, cut = {.got = 0};
    uint8_t whole_buffer[64], cut_buffer[64];
    const uint8_t *at = data, *cut_at = data;
    size_t left = size;
    for (enum dns_frame_event event = DNS_FRAME_MESSAGE; event == DNS_FRAME_MESSAGE;) {
        event = dns_frame_take(&whole, &at, &left, whole_buffer, sizeof whole_buffer);
        enum dns_frame_event cut_event = DNS_FRAME_MORE;
        while (cut_event == DNS_FRAME_MORE && cut_at < data + size) {
            size_t one = 1;
            cut_event = dns_frame_take(&cut, &cut_at, &one, cut_buffer, sizeof cut_buffer);
        }
        require(event == cut_event && at == cut_at && left == (size_t)(data + size - at));
        if (event == DNS_FRAME_MESSAGE)
            require(whole.length == cut.length && memcmp(whole_buffer, cut_buffer, whole.length) == 0);
    }
}

/* One byte says how long the question is; the rest is for the answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_query query;
    struct dns_reply reply;
    static const struct dns_question root = {.name = {.length = 1}, .type = DNS_TYPE_A};
    if (size < 2 || size > INPUT_MOST)
        return 0;
    check_frames(data, size);
    dns_reply_read(data, size, dns_get_16(data), &root, &reply);
    size_t length = data[0] < size - 1 ? data[0] : size - 1;
    uint8_t *question = malloc(length + 1);
    require(question != NULL);
    memcpy(question + 1, data + 1, length);
    enum dns_task task = dns_query_read(question + 1, length, &query);
    data += 1 + length;
    size -= 1 + length;
    if (task != DNS_PASS)
        require(query.udp_size >= DNS_UDP_MAX && DNS_HEADER_SIZE + query.question.name.length + 4u <= length);
    if (task == DNS_WANTS_ADDRESSES && size > 0)
        check_addresses(&query, question + 1, length, data, size);
    else if (task == DNS_WANTS_NAME && size > 0)
        check_name(&query, data, size);
    free(question);
    return 0;
}
