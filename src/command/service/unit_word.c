/* Takes the value of an assignment apart; called by command/service/unit.c. */
#include "command/service/unit_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SPACES      " \t"
#define UNICODE_END 0x110000u

/* What stands for itself or for one other character: each pair is what follows the backslash, and what is meant. */
static const char simple[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"''s ";

/* The value of exactly `count` digits of this base; false where there are fewer. */
static bool read_digits(const char *text, unsigned count, int base, uint32_t *value)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    char copy[9];
    if (strspn(text, digits) < count)
        return false;
    memcpy(copy, text, count);
    copy[count] = '\0';
    char *end;
    *value = (uint32_t)strtoul(copy, &end, base);
    return *end == '\0';
}

/* UTF-8 of a character, RFC 3629; its length. */
static size_t write_character(uint32_t character, char *to)
{
    size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t at = length - 1; at > 0; at--, character >>= 6)
        to[at] = (char)(0x80 | (character & 0x3f));
    to[0] = (char)(first[length] | character);
    return length;
}

/*
 * The escape whose backslash stands before `from`: what it means into `to`, never longer than the escape itself.
 * The number of characters behind the backslash; 0: it is none. No escape means a NUL.
 */
static size_t read_escape(const char *from, char *to, size_t *written)
{
    uint32_t value = 0;
    *written = 1;
    for (const char *pair = simple; *pair != '\0'; pair += 2)
        if (*from == *pair) {
            *to = pair[1];
            return 1;
        }
    size_t length = 0;
    if (*from == 'x' && read_digits(from + 1, 2, 16, &value))
        length = 3;
    else if (*from >= '0' && *from <= '7' && read_digits(from, 3, 8, &value) && value <= UINT8_MAX)
        length = 3;
    if (length > 0) {
        *to = (char)value;
        return value != 0 ? length : 0;
    }
    if (*from == 'u' && read_digits(from + 1, 4, 16, &value))
        length = 5;
    else if (*from == 'U' && read_digits(from + 1, 8, 16, &value))
        length = 9;
    if (value == 0 || value >= UNICODE_END || (value >= 0xd800 && value < 0xe000))
        return 0;
    *written = write_character(value, to);
    return length;
}

char *unit_next_word(char **rest, enum unit_escapes escapes)
{
    char *from = *rest + strspn(*rest, SPACES), *word = from, *to = from, quote = '\0';
    if (*from == '\0')
        return NULL;
    while (*from != '\0' && (quote != '\0' || strchr(SPACES, *from) == NULL)) {
        char character = *from++;
        if (quote != '\0' ? character == quote : character == '"' || character == '\'') {
            quote = quote != '\0' ? '\0' : character;
            continue;
        }
        size_t written = 0;
        size_t length = character == '\\' && escapes != UNIT_ESCAPES_NONE ? read_escape(from, to, &written) : 0;
        if (length > 0) {
            from += length;
            to += written;
            continue;
        }
        if (character == '\\' && escapes == UNIT_ESCAPES_C)
            return NULL;
        if (character == '\\' && escapes == UNIT_ESCAPES_NONE && *from != '\0')
            character = *from++;
        *to++ = character;
    }
    *rest = from + (*from != '\0');
    *to = '\0';
    return word;
}
