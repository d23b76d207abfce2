/* Builds a line of text in memory that the caller gives; called by the log, events and settings. */
#include "core/base/text.h"
#include "core/linker/start.h"

#include <string.h>

#define DECIMAL_DIGITS 20 /* of the largest uint64_t */

START_CODE struct text text_on(char *data, size_t size)
{
    data[0] = '\0';
    return (struct text){.data = data, .size = size, .length = 0};
}

START_CODE void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
    size_t room = text->size - 1 - text->length;
    if (count > room)
        count = room;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

START_CODE void text_add(struct text *text, const char *string)
{
    if (string == NULL)
        string = "(null)";
    text_add_bytes(text, string, strlen(string));
}

void text_add_unsigned(struct text *text, uint64_t number)
{
    char digits[DECIMAL_DIGITS];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    text_add_bytes(text, digits + start, sizeof digits - start);
}

void text_add_number(struct text *text, int64_t number)
{
    if (number < 0)
        text_add_bytes(text, "-", 1);
    text_add_unsigned(text, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void text_add_address(struct text *text, const struct ip_address *address)
{
    char printed[ADDRESS_TEXT_SIZE];
    text_add(text, address_print(address, printed));
}

void text_add_quoted(struct text *text, const char *string)
{
    static const char hexadecimal[] = "0123456789abcdef";
    if (string == NULL)
        string = "(null)";
    for (; *string != '\0' && text->length + 1 < text->size; string++) {
        unsigned char byte = (unsigned char)*string;
        if (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\'' && byte != '\\')
            text_add_bytes(text, string, 1);
        else
            text_add_bytes(text, (const char[]){'\\', 'x', hexadecimal[byte >> 4], hexadecimal[byte & 0xf]}, 4);
    }
}

void text_add_json(struct text *text, const char *string, size_t most)
{
    static const char hexadecimal[] = "0123456789abcdef";
    text_add(text, "\"");
    size_t end = text->length + most;
    for (size_t i = 0; string[i] != '\0' && text->length < end; i++) {
        unsigned char byte = (unsigned char)string[i];
        if (byte == '"' || byte == '\\' || byte < ' ' || byte > '~')
            text_add_bytes(text, (const char[]){'\\', 'u', '0', '0', hexadecimal[byte >> 4], hexadecimal[byte & 0xf]},
                           6);
        else
            text_add_bytes(text, &string[i], 1);
    }
    text_add(text, "\"");
}
