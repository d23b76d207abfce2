/* Reads a program's questions to name servers, and makes those that are asked in their stead; for the relay of the
   preload. */
#include "core/dns/dns_query.h"

#include <string.h>

#define OCTETS      4
#define DNSSEC_OK   0x8000u /* in the time to live of OPT (RFC 6891 section 6.1.3) */
#define VERSION_BIT 16

/* A label of one to three digits, up to 255 and without a zero that could be left out. */
static bool read_octet(const uint8_t *label, uint8_t *octet)
{
    unsigned number = 0;
    if (label[0] == 0 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
        return false;
    for (uint8_t place = 1; place <= label[0]; place++) {
        if (label[place] < '0' || label[place] > '9')
            return false;
        number = number * 10 + (unsigned)(label[place] - '0');
    }
    *octet = (uint8_t)number;
    return number <= UINT8_MAX;
}

/* The address of a name like 1.2.0.192.in-addr.arpa (RFC 1035 section 3.5). */
static bool read_reverse(const struct dns_name *name, struct in_addr *address)
{
    static const struct dns_name suffix = {.length = 14, .bytes = "\7in-addr\4arpa"};
    uint8_t octets[OCTETS];
    size_t at = 0;
    for (size_t place = OCTETS; place-- > 0;) {
        if (!read_octet(name->bytes + at, &octets[place]))
            return false;
        at += name->bytes[at] + 1u;
    }
    struct dns_name rest = {.length = (uint8_t)(name->length - at)};
    memcpy(rest.bytes, name->bytes + at, rest.length);
    memcpy(address, octets, sizeof octets);
    return dns_names_equal(&rest, &suffix);
}

/* The one record that may come with a question: OPT, of version 0 and without DO. */
static bool read_options(struct dns_reader *reader, struct dns_query *query)
{
    struct dns_record record;
    if (!dns_read_record(reader, &record) || record.type != DNS_TYPE_OPT || reader->message[record.start] != 0 ||
        (record.ttl_s & DNSSEC_OK) != 0 || record.ttl_s >> VERSION_BIT != 0)
        return false;
    query->has_edns = true;
    if (record.class > DNS_UDP_MAX)
        query->udp_size = record.class;
    return true;
}

enum dns_task dns_query_read(const uint8_t *message, size_t length, struct dns_query *query)
{
    struct dns_reader reader = {message, length, 0};
    struct dns_header header;
    uint16_t class;
    memset(query, 0, sizeof *query);
    query->task = DNS_PASS;
    query->udp_size = DNS_UDP_MAX;
    if (!dns_read_header(&reader, &header) || header.questions != 1 || header.answers != 0 ||
        header.authorities != 0 || header.additional > 1 ||
        (header.flags & (DNS_FLAG_RESPONSE | DNS_OPERATION_MASK)) != 0 || (header.flags & DNS_FLAG_RECURSE) == 0)
        return DNS_PASS;
    query->id = header.id;
    query->flags = header.flags;
    if (!dns_read_name(&reader, &query->question.name) || !dns_read_16(&reader, &query->question.type) ||
        !dns_read_16(&reader, &class) || class != DNS_CLASS_IN)
        return DNS_PASS;
    if ((header.additional == 1 && !read_options(&reader, query)) || reader.at != length)
        return DNS_PASS;
    if (query->question.type == DNS_TYPE_A)
        query->task = DNS_WANTS_ADDRESSES;
    else if (query->question.type == DNS_TYPE_PTR && read_reverse(&query->question.name, &query->address))
        query->task = DNS_WANTS_NAME;
    return query->task;
}

size_t dns_query_room(const struct dns_query *query, bool by_tcp)
{
    return by_tcp ? DNS_TCP_MAX : query->udp_size;
}

size_t dns_query_for_aaaa(const struct dns_query *query, const uint8_t *message, size_t length, uint16_t id,
                          uint8_t *result, size_t size, struct dns_question *question)
{
    size_t type_at = DNS_FIRST_QUESTION + query->question.name.length;
    if (size < length || length < type_at + 2)
        return 0;
    memcpy(result, message, length);
    result[0] = (uint8_t)(id >> 8);
    result[1] = (uint8_t)id;
    result[type_at] = 0;
    result[type_at + 1] = DNS_TYPE_AAAA;
    *question = query->question;
    question->type = DNS_TYPE_AAAA;
    return length;
}

static void make_reverse(const struct in6_addr *ipv6, struct dns_name *name)
{
    static const char hexadecimal[] = "0123456789abcdef";
    static const uint8_t suffix[] = "\3ip6\4arpa"; /* with the final 0 */
    uint8_t *end = name->bytes;
    for (size_t place = sizeof ipv6->s6_addr; place-- > 0;) {
        *end++ = 1;
        *end++ = (uint8_t)hexadecimal[ipv6->s6_addr[place] & 0xf];
        *end++ = 1;
        *end++ = (uint8_t)hexadecimal[ipv6->s6_addr[place] >> 4];
    }
    memcpy(end, suffix, sizeof suffix);
    name->length = (uint8_t)((size_t)(end - name->bytes) + sizeof suffix);
}

size_t dns_query_for_name(const struct dns_query *query, const struct ip_address *address, uint16_t id,
                          uint8_t *result, size_t size, struct dns_question *question)
{
    struct dns_writer writer = {.bytes = result, .room = size};
    if (address->family != AF_INET6)
        return 0;
    make_reverse(&address->ipv6, &question->name);
    question->type = DNS_TYPE_PTR;
    dns_put_16(&writer, id);
    dns_put_16(&writer, query->flags);
    dns_put_16(&writer, 1);
    dns_put_32(&writer, 0);
    dns_put_16(&writer, query->has_edns ? 1 : 0);
    dns_put(&writer, question->name.bytes, question->name.length);
    dns_put_16(&writer, DNS_TYPE_PTR);
    dns_put_16(&writer, DNS_CLASS_IN);
    if (query->has_edns) {
        dns_put(&writer, "", 1); /* the root */
        dns_put_16(&writer, DNS_TYPE_OPT);
        dns_put_16(&writer, query->udp_size);
        dns_put_32(&writer, 0);
        dns_put_16(&writer, 0);
    }
    return writer.full ? 0 : writer.length;
}
