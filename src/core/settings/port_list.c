/* Reads a list of ports; called by setting.c. */
#include "core/settings/port_list.h"

#include <string.h>

enum { BASE = 10 };

static bool is_separator(char character)
{
    return character == ' ' || character == '\t' || character == ',';
}

static bool parse_port(const char *text, size_t length, uint16_t *port)
{
    unsigned long number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * BASE + (unsigned long)(text[i] - '0');
        if (number > UINT16_MAX)
            return false;
    }
    *port = (uint16_t)number;
    return number > 0;
}

bool port_list_parse(const char *text, size_t length, struct port_list *list, size_t *fault, size_t *fault_length)
{
    struct port_list read = {0};
    if (length == strlen("off") && memcmp(text, "off", length) == 0) {
        *list = read;
        return true;
    }
    *fault = 0;
    *fault_length = length;
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && !is_separator(text[end]))
            end++;
        if (end > at) {
            uint16_t port;
            if (!parse_port(text + at, end - at, &port) || read.count == PORT_LIST_SIZE) {
                *fault = at;
                *fault_length = end - at;
                return false;
            }
            read.ports[read.count++] = port;
        }
        at = end + 1;
    }
    if (read.count == 0)
        return false;
    *list = read;
    return true;
}
