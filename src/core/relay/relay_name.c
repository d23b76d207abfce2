/* Writes and reads the names of relays' ends; called by preload/relay. */
#include "core/relay/relay_name.h"

#include <string.h>

#define INTRODUCTION "v6shim-relay "

enum { BITS_PER_DIGIT = 4, ADDRESS_BYTES = 16, SCOPE_DIGITS = 8, PORT_DIGITS = 4, UNIQUE_DIGITS = 16 };

static const char *const sides[] = {[RELAY_OWN] = "own ", [RELAY_PEER] = "peer "};

static char *put_text(char *at, const char *text)
{
    while (*text != '\0')
        *at++ = *text++;
    return at;
}

static char *put_number(char *at, uint64_t number, unsigned digits)
{
    for (unsigned i = digits; i-- > 0;)
        *at++ = "0123456789abcdef"[(number >> (i * BITS_PER_DIGIT)) & 0xf];
    return at;
}

socklen_t relay_name_write(enum relay_side side, const struct ip_address *address, uint16_t port, uint64_t unique,
                           struct sockaddr_un *name)
{
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    char *at = put_text(name->sun_path + 1, INTRODUCTION);
    at = put_text(at, sides[side]);
    for (unsigned i = 0; i < ADDRESS_BYTES; i++)
        at = put_number(at, address->ipv6.s6_addr[i], 2);
    *at++ = ' ';
    at = put_number(at, address->scope, SCOPE_DIGITS);
    *at++ = ' ';
    at = put_number(at, port, PORT_DIGITS);
    *at++ = ' ';
    at = put_number(at, unique, UNIQUE_DIGITS);
    return (socklen_t)(at - (char *)name);
}

/* Steps over a text; NULL where it is another one, or the name has ended. */
static const char *take_text(const char *at, const char *end, const char *text)
{
    size_t size = strlen(text);
    return at != NULL && (size_t)(end - at) >= size && memcmp(at, text, size) == 0 ? at + size : NULL;
}

static int digit_of(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

static const char *take_number(const char *at, const char *end, unsigned digits, uint64_t *number)
{
    if (at == NULL || (size_t)(end - at) < digits)
        return NULL;
    *number = 0;
    for (unsigned i = 0; i < digits; i++, at++) {
        if (digit_of(*at) < 0)
            return NULL;
        *number = *number << BITS_PER_DIGIT | (uint64_t)digit_of(*at);
    }
    return at;
}

bool relay_name_read(const struct sockaddr_un *name, socklen_t length, enum relay_side side,
                     struct ip_address *address, uint16_t *port)
{
    const char *at = name->sun_path, *end = (const char *)name + length;
    struct in6_addr bytes;
    uint64_t byte, scope, number, unique;
    if (length <= offsetof(struct sockaddr_un, sun_path) || length > sizeof *name || name->sun_family != AF_UNIX ||
        *at != '\0')
        return false;
    at = take_text(at + 1, end, INTRODUCTION);
    at = take_text(at, end, sides[side]);
    for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
        at = take_number(at, end, 2, &byte);
        if (at != NULL)
            bytes.s6_addr[i] = (uint8_t)byte;
    }
    at = take_number(take_text(at, end, " "), end, SCOPE_DIGITS, &scope);
    at = take_number(take_text(at, end, " "), end, PORT_DIGITS, &number);
    at = take_number(take_text(at, end, " "), end, UNIQUE_DIGITS, &unique);
    if (at != end)
        return false;
    *address = address_ipv6(&bytes, (uint32_t)scope);
    *port = (uint16_t)number;
    return true;
}
