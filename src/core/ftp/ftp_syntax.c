/* Reads and writes addresses and ports in FTP's commands and replies; called by core/ftp/ftp_commands.c and
   core/ftp/ftp_replies.c. */
#include "core/ftp/ftp_syntax.h"

#include <arpa/inet.h>
#include <string.h>

#define NUMBERS          6
#define LARGEST_OCTET    255u
#define LARGEST_PORT     65535u
#define OPEN_PARENTHESIS 4 /* in ftp_scan.delimiters */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* RFC 2428 section 2: one of the characters from 33 to 126; a digit could not be told from the number. */
static bool is_delimiter(char byte)
{
    return byte >= '!' && byte <= '~' && !is_digit(byte);
}

static void strip_blanks(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[0])) {
        ++*text;
        --*length;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        --*length;
}

static struct ftp_endpoint endpoint_of(const uint8_t *numbers)
{
    struct ftp_endpoint endpoint = {.port = (uint16_t)(numbers[4] << 8 | numbers[5])};
    memcpy(&endpoint.address, numbers, sizeof endpoint.address);
    return endpoint;
}

bool ftp_read_port(const char *text, size_t length, struct ftp_endpoint *endpoint)
{
    uint8_t numbers[NUMBERS];
    strip_blanks(&text, &length);
    for (size_t place = 0; place < NUMBERS; place++) {
        unsigned number = 0;
        size_t digits = 0;
        while (digits < length && digits < 3 && is_digit(text[digits]))
            number = number * 10 + (unsigned)(text[digits++] - '0');
        bool last = place == NUMBERS - 1;
        if (digits == 0 || number > LARGEST_OCTET || (last ? length != digits : length == digits) ||
            (!last && text[digits] != ','))
            return false;
        numbers[place] = (uint8_t)number;
        if (!last) {
            text += digits + 1;
            length -= digits + 1;
        }
    }
    struct ftp_endpoint read = endpoint_of(numbers);
    if (read.port == 0)
        return false;
    *endpoint = read;
    return true;
}

/* A field of EPRT and the delimiter behind it; false where there is none. */
static bool take_field(const char **text, size_t *length, char delimiter, const char **field, size_t *field_length)
{
    const char *end = memchr(*text, delimiter, *length);
    if (end == NULL)
        return false;
    *field = *text;
    *field_length = (size_t)(end - *text);
    *length -= *field_length + 1;
    *text = end + 1;
    return true;
}

static bool read_number(const char *field, size_t length, uint32_t limit, uint32_t *number)
{
    uint32_t value = 0;
    for (size_t index = 0; index < length; index++) {
        if (!is_digit(field[index]))
            return false;
        value = value * 10 + (uint32_t)(field[index] - '0');
        if (value > limit)
            return false;
    }
    *number = value;
    return length > 0;
}

static bool read_address(int family, const char *field, size_t length, struct ip_address *address)
{
    char copy[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (length >= sizeof copy || memchr(field, '\0', length) != NULL)
        return false;
    memcpy(copy, field, length);
    copy[length] = '\0';
    if (family == AF_INET && inet_pton(AF_INET, copy, &ipv4) == 1) {
        *address = address_ipv4(ipv4);
        return true;
    }
    if (family == AF_INET6 && inet_pton(AF_INET6, copy, &ipv6) == 1) {
        *address = address_ipv6(&ipv6, 0);
        return true;
    }
    return false;
}

enum ftp_eprt ftp_read_eprt(const char *text, size_t length, struct ip_address *address, uint16_t *port)
{
    const char *protocol_field, *address_field, *port_field;
    size_t protocol_length, address_length, port_length;
    uint32_t protocol, number;
    struct ip_address read;
    strip_blanks(&text, &length);
    if (length == 0 || !is_delimiter(text[0]))
        return FTP_EPRT_BAD;
    char delimiter = text[0];
    text++;
    length--;
    if (!take_field(&text, &length, delimiter, &protocol_field, &protocol_length) ||
        !take_field(&text, &length, delimiter, &address_field, &address_length) ||
        !take_field(&text, &length, delimiter, &port_field, &port_length) || length != 0 ||
        !read_number(protocol_field, protocol_length, LARGEST_PORT, &protocol) ||
        !read_number(port_field, port_length, LARGEST_PORT, &number) || number == 0)
        return FTP_EPRT_BAD;
    if (protocol != 1 && protocol != 2)
        return FTP_EPRT_OTHER_PROTOCOL;
    if (!read_address(protocol == 1 ? AF_INET : AF_INET6, address_field, address_length, &read))
        return FTP_EPRT_BAD;
    *address = read;
    *port = (uint16_t)number;
    return protocol == 1 ? FTP_EPRT_IPV4 : FTP_EPRT_IPV6;
}

void ftp_add_endpoint(struct text *text, const struct ftp_endpoint *endpoint)
{
    uint8_t octets[sizeof endpoint->address];
    memcpy(octets, &endpoint->address, sizeof octets);
    for (size_t place = 0; place < sizeof octets; place++) {
        text_add_unsigned(text, octets[place]);
        text_add(text, ",");
    }
    text_add_unsigned(text, endpoint->port >> 8);
    text_add(text, ",");
    text_add_unsigned(text, endpoint->port & LARGEST_OCTET);
}

void ftp_add_eprt(struct text *text, const struct ip_address *address, uint16_t port)
{
    struct ip_address plain = address_ipv6(&address->ipv6, 0);
    text_add(text, "|2|");
    text_add_address(text, &plain);
    text_add(text, "|");
    text_add_unsigned(text, port);
    text_add(text, "|");
}

static void forget_numbers(struct ftp_scan *scan)
{
    scan->place = 0;
    scan->in_number = false;
    scan->spoilt = false;
}

static void end_number(struct ftp_scan *scan, char byte)
{
    bool good = !scan->spoilt, last = scan->place == NUMBERS - 1;
    scan->numbers[scan->place] = (uint8_t)scan->number;
    scan->in_number = false;
    if (good && !last && byte == ',') {
        scan->place++;
        return;
    }
    if (good && last && byte != ',') {
        struct ftp_endpoint endpoint = endpoint_of(scan->numbers);
        if (endpoint.port != 0) {
            scan->endpoint = endpoint;
            scan->has_endpoint = true;
        }
    }
    forget_numbers(scan);
}

static void scan_endpoint(struct ftp_scan *scan, char byte)
{
    if (is_digit(byte)) {
        if (!scan->in_number)
            scan->number = 0;
        scan->in_number = true;
        scan->number = (uint16_t)(scan->number * 10 + (byte - '0'));
        if (scan->number > LARGEST_OCTET) {
            scan->spoilt = true;
            scan->number = LARGEST_OCTET;
        }
    } else if (scan->in_number) {
        end_number(scan, byte);
    } else if (byte != ' ' || scan->place == 0) {
        forget_numbers(scan);
    }
}

static void scan_port(struct ftp_scan *scan, char byte)
{
    if (byte == '(') {
        scan->delimiters = OPEN_PARENTHESIS;
        scan->digits = 0;
    } else if (scan->delimiters == OPEN_PARENTHESIS && is_delimiter(byte)) {
        scan->delimiter = byte;
        scan->delimiters = 1;
    } else if (scan->delimiters == 3 && is_digit(byte)) {
        scan->digits = scan->digits * 10 + (uint32_t)(byte - '0');
        if (scan->digits == 0 || scan->digits > LARGEST_PORT)
            scan->delimiters = 0;
    } else if (scan->delimiters > 0 && scan->delimiters < 3 && byte == scan->delimiter) {
        scan->delimiters++;
    } else {
        if (scan->delimiters == 3 && scan->digits != 0 && byte == scan->delimiter) {
            scan->port = (uint16_t)scan->digits;
            scan->has_port = true;
        }
        scan->delimiters = 0;
        scan->digits = 0;
    }
}

void ftp_scan_byte(struct ftp_scan *scan, char byte)
{
    if (!scan->has_endpoint)
        scan_endpoint(scan, byte);
    if (!scan->has_port)
        scan_port(scan, byte);
}
