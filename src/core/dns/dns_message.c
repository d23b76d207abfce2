/* Reads and writes the parts of DNS messages; called by the rest of core/dns and by core/names/dns_answer.c. */
#include "core/dns/dns_message.h"

#include <string.h>

#define RECORD_SIZE  10  /* type, class, time to live, length of the data */
#define POINTERS_MAX 127 /* in one name: as many as it can have labels */

uint16_t dns_get_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t dns_get_32(const uint8_t *bytes)
{
    return (uint32_t)dns_get_16(bytes) << 16 | dns_get_16(bytes + 2);
}

uint32_t dns_ttl_s(uint32_t ttl_s)
{
    return ttl_s > INT32_MAX ? 0 : ttl_s;
}

bool dns_skip(struct dns_reader *reader, size_t size)
{
    if (reader->at > reader->length || reader->length - reader->at < size)
        return false;
    reader->at += size;
    return true;
}

bool dns_read_16(struct dns_reader *reader, uint16_t *number)
{
    if (!dns_skip(reader, 2))
        return false;
    *number = dns_get_16(reader->message + reader->at - 2);
    return true;
}

bool dns_read_header(struct dns_reader *reader, struct dns_header *header)
{
    return dns_read_16(reader, &header->id) && dns_read_16(reader, &header->flags) &&
           dns_read_16(reader, &header->questions) && dns_read_16(reader, &header->answers) &&
           dns_read_16(reader, &header->authorities) && dns_read_16(reader, &header->additional);
}

bool dns_skip_name(struct dns_reader *reader)
{
    while (dns_skip(reader, 1)) {
        uint8_t length = reader->message[reader->at - 1];
        if (length == 0)
            return true;
        if ((length & DNS_POINTER) == DNS_POINTER)
            return dns_skip(reader, 1);
        if ((length & DNS_POINTER) != 0 || !dns_skip(reader, length))
            return false;
    }
    return false;
}

bool dns_name_at(const struct dns_reader *reader, size_t at, struct dns_name *name)
{
    struct dns_reader label = {reader->message, reader->length, at};
    unsigned pointers = 0;
    size_t before = at; /* where the labels that are being read began: a pointer must lead before that */
    name->length = 0;
    while (dns_skip(&label, 1)) {
        const uint8_t *bytes = label.message + label.at - 1;
        uint8_t length = bytes[0];
        if ((length & DNS_POINTER) == DNS_POINTER) {
            if (!dns_skip(&label, 1))
                return false;
            size_t target = dns_get_16(bytes) & 0x3fffu;
            if (target < DNS_HEADER_SIZE || target >= before || ++pointers > POINTERS_MAX)
                return false;
            label.at = before = target;
            continue;
        }
        if ((length & DNS_POINTER) != 0 || !dns_skip(&label, length) || name->length + length + 1u > DNS_NAME_MAX)
            return false;
        memcpy(name->bytes + name->length, bytes, length + 1u);
        name->length = (uint8_t)(name->length + length + 1);
        if (length == 0)
            return true;
    }
    return false;
}

bool dns_read_name(struct dns_reader *reader, struct dns_name *name)
{
    return dns_name_at(reader, reader->at, name) && dns_skip_name(reader);
}

bool dns_read_record(struct dns_reader *reader, struct dns_record *record)
{
    record->start = reader->at;
    if (!dns_skip_name(reader) || !dns_skip(reader, RECORD_SIZE))
        return false;
    const uint8_t *fixed = reader->message + reader->at - RECORD_SIZE;
    record->type = dns_get_16(fixed);
    record->class = dns_get_16(fixed + 2);
    record->ttl_s = dns_get_32(fixed + 4);
    record->length = dns_get_16(fixed + 8);
    record->data = reader->at;
    return dns_skip(reader, record->length);
}

static uint8_t lower(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter - 'A' + 'a') : letter;
}

bool dns_names_equal(const struct dns_name *left, const struct dns_name *right)
{
    if (left->length != right->length)
        return false;
    for (size_t place = 0; place < left->length; place++) /* lengths of labels are below 'A' */
        if (lower(left->bytes[place]) != lower(right->bytes[place]))
            return false;
    return true;
}

void dns_put(struct dns_writer *writer, const void *bytes, size_t size)
{
    if (writer->full || writer->room - writer->length < size) {
        writer->full = true;
        return;
    }
    memcpy(writer->bytes + writer->length, bytes, size);
    writer->length += size;
}

void dns_put_16(struct dns_writer *writer, uint16_t number)
{
    uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};
    dns_put(writer, bytes, sizeof bytes);
}

void dns_put_32(struct dns_writer *writer, uint32_t number)
{
    dns_put_16(writer, (uint16_t)(number >> 16));
    dns_put_16(writer, (uint16_t)number);
}
