/*
 * Messages of the DNS, put together piece by piece, for the tests of core/dns. Include it after <cmocka.h>.
 */
#ifndef V6SHIM_TESTS_CORE_DNS_BUILT_MESSAGE_H
#define V6SHIM_TESTS_CORE_DNS_BUILT_MESSAGE_H

#include <arpa/inet.h>
#include <string.h>

#include "core/dns/dns_message.h"

#define QUESTION_POINTER "\300\14" /* to the name in the question */

struct built {
    uint8_t bytes[DNS_TCP_MAX];
    size_t length;
};

static inline void add(struct built *built, const void *bytes, size_t count)
{
    assert_true(built->length + count <= sizeof built->bytes);
    memcpy(built->bytes + built->length, bytes, count);
    built->length += count;
}

static inline void add_16(struct built *built, unsigned value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
    add(built, bytes, sizeof bytes);
}

/* "www.example.com", without escapes; "" is the root. */
static inline void add_name(struct built *built, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ".");
        uint8_t prefix = (uint8_t)length;
        add(built, &prefix, 1);
        add(built, text, length);
        text += length + (text[length] == '.');
    }
    add(built, "", 1);
}

/* A header and a question of class IN; the counts are of answers, authorities and additional records. */
static inline void begin(struct built *built, unsigned flags, const char *name, unsigned type, unsigned answers,
                         unsigned authorities, unsigned additional)
{
    built->length = 0;
    add_16(built, 0x1234);
    add_16(built, flags);
    add_16(built, 1);
    add_16(built, answers);
    add_16(built, authorities);
    add_16(built, additional);
    add_name(built, name);
    add_16(built, type);
    add_16(built, DNS_CLASS_IN);
}

/* What stands behind the name of a record. */
static inline void add_data(struct built *built, unsigned type, uint32_t ttl_s, const void *data, size_t length)
{
    add_16(built, type);
    add_16(built, DNS_CLASS_IN);
    add_16(built, ttl_s >> 16);
    add_16(built, ttl_s & 0xffff);
    add_16(built, (unsigned)length);
    add(built, data, length);
}

/* `owner` NULL is the name in the question. */
static inline void add_owner(struct built *built, const char *owner)
{
    if (owner != NULL)
        add_name(built, owner);
    else
        add(built, QUESTION_POINTER, 2);
}

static inline void add_address(struct built *built, const char *owner, uint32_t ttl_s, const char *text)
{
    uint8_t address[sizeof(struct in6_addr)];
    bool ipv4 = strchr(text, ':') == NULL;
    assert_int_equal(inet_pton(ipv4 ? AF_INET : AF_INET6, text, address), 1);
    add_owner(built, owner);
    add_data(built, ipv4 ? DNS_TYPE_A : DNS_TYPE_AAAA, ttl_s, address, ipv4 ? 4 : 16);
}

/* A record whose data is a name: CNAME, PTR. */
static inline void add_named(struct built *built, const char *owner, unsigned type, uint32_t ttl_s,
                             const char *target)
{
    static struct built data;
    data.length = 0;
    add_name(&data, target);
    add_owner(built, owner);
    add_data(built, type, ttl_s, data.bytes, data.length);
}

/* OPT (RFC 6891 section 6.1.2); `flags` are what its time to live holds. */
static inline void add_edns(struct built *built, unsigned udp_size, uint32_t flags, const void *options,
                            size_t length)
{
    add(built, "", 1);
    add_16(built, DNS_TYPE_OPT);
    add_16(built, udp_size);
    add_16(built, flags >> 16);
    add_16(built, flags & 0xffff);
    add_16(built, (unsigned)length);
    add(built, options, length);
}

#endif
