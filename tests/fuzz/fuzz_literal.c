/*
 * core/address/literal and core/address/address on any text: what is accepted is what inet_pton accepts, and text
 * made from a result gives that result again.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address/literal.h"
#include "core/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what, const char *text)
{
    if (condition)
        return;
    fprintf(stderr, "%s: \"%s\"\n", what, text);
    abort();
}

static void check_literal(const char *text)
{
    struct literal literal, again;
    struct in6_addr ipv6;
    const bool read = literal_parse(text, &literal);
    if (strpbrk(text, "%[]") == NULL && strchr(text, ':') != NULL)
        require(read == (inet_pton(AF_INET6, text, &ipv6) == 1), "inet_pton disagrees", text);
    if (!read)
        return;

    char zone[ADDRESS_TEXT_SIZE + LITERAL_ZONE_SIZE + 1];
    address_print(&literal.address, zone);
    if (literal.zone[0] != '\0') {
        require(literal.address.scope == 0 && address_takes_scope(&literal.address), "two zones", text);
        strcat(strcat(zone, "%"), literal.zone);
    }
    if (literal.address.family == AF_INET) {
        struct in_addr ipv4;
        require(literal_parse_ipv4(zone, &ipv4) && ipv4.s_addr == literal.address.ipv4.s_addr, "IPv4 differs", text);
        return;
    }
    require(literal_parse(zone, &again) && address_equal(&literal.address, &again.address) &&
                strcmp(literal.zone, again.zone) == 0,
            "not the same when printed and read again", text);
}

static void check_prefix(const char *text)
{
    struct ip_address prefix, again;
    unsigned length, length_again;
    if (!literal_parse_prefix(text, &prefix, &length))
        return;
    char printed[ADDRESS_TEXT_SIZE + sizeof "/128"];
    struct text line = text_on(printed, sizeof printed);
    text_add_address(&line, &prefix);
    text_add(&line, "/");
    text_add_unsigned(&line, length);
    require(literal_parse_prefix(printed, &again, &length_again) && length == length_again &&
                address_equal(&prefix, &again) && address_in_prefix(&prefix, &again, length),
            "prefix not the same when printed and read again", text);
}

static void check_sockaddr(const uint8_t *data, size_t size)
{
    struct ip_address address, again;
    struct sockaddr_storage result;
    uint16_t port, port_again;
    if (!address_from_sockaddr((const void *)data, (socklen_t)size, &address, &port))
        return;
    socklen_t length = address_to_sockaddr(&address, port, &result);
    require(address_from_sockaddr((const void *)&result, length, &again, &port_again) && port == port_again &&
                address_equal(&address, &again),
            "socket address differs", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), quoted[64];
    memcpy(text, data, size);
    text[size] = '\0';

    check_literal(text);
    check_prefix(text);
    check_sockaddr(data, size);

    struct in_addr ipv4, expected;
    require(literal_parse_ipv4(text, &ipv4) == (inet_pton(AF_INET, text, &expected) == 1), "IPv4 disagrees", text);

    struct text line = text_on(quoted, 1 + size % sizeof quoted);
    text_add_quoted(&line, text);
    for (size_t index = 0; index < line.length; index++)
        require(quoted[index] >= ' ' && quoted[index] <= '~', "quoted text is not printable", text);
    free(text);
    return 0;
}
