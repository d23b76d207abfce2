/* Compares texts with shell patterns; called for the program lines of a configuration. */
#include "core/settings/pattern.h"

#define NO_ELEMENT 0

/* Length of the set that starts at the '[', NO_ELEMENT where no ']' closes it. A ']' at its start is one of the set.
 */
static size_t set_length(const char *set, size_t length)
{
    size_t index = 1;
    if (index < length && (set[index] == '!' || set[index] == '^'))
        index++;
    for (size_t first = index; index < length; index++) {
        if (set[index] == ']' && index > first)
            return index + 1;
        if (set[index] == '\\' && ++index == length)
            break;
    }
    return NO_ELEMENT;
}

/* How much of the pattern is the element at its start: a character, one with its backslash, a set, or `*`. */
static size_t element_length(const char *pattern, size_t length)
{
    if (pattern[0] == '[')
        return set_length(pattern, length);
    if (pattern[0] == '\\')
        return length > 1 ? 2 : NO_ELEMENT;
    return 1;
}

bool pattern_is_whole(const char *pattern, size_t length, size_t *offset)
{
    for (*offset = 0; *offset < length;) {
        size_t element = element_length(pattern + *offset, length - *offset);
        if (element == NO_ELEMENT)
            return false;
        *offset += element;
    }
    return true;
}

/* One character of a set, with its backslash where it has one. */
static unsigned char take_character(const char *set, size_t *index)
{
    *index += set[*index] == '\\';
    return (unsigned char)set[(*index)++];
}

/* `length` includes both brackets. */
static bool set_has(const char *set, size_t length, unsigned char character)
{
    size_t index = 1, end = length - 1;
    bool has = false, negated = set[index] == '!' || set[index] == '^';
    index += negated;
    while (index < end) {
        unsigned char first = take_character(set, &index), last = first;
        if (index + 1 < end && set[index] == '-') {
            index++;
            last = take_character(set, &index);
        }
        has |= character >= first && character <= last;
    }
    return has != negated;
}

static bool element_matches(const char *element, size_t length, char character)
{
    switch (element[0]) {
    case '?':
        return true;
    case '[':
        return set_has(element, length, (unsigned char)character);
    default:
        return element[length - 1] == character;
    }
}

/* What an earlier `*` took need never be looked at again once a later one is reached: the later one can take as much.
 */
bool pattern_matches(const char *pattern, size_t length, const char *text)
{
    size_t at = 0, behind_star = 0, whole;
    const char *retry = NULL; /* where the text goes on when the last `*` takes one character more */
    if (!pattern_is_whole(pattern, length, &whole))
        return false;
    while (*text != '\0') {
        size_t element = at < length ? element_length(pattern + at, length - at) : NO_ELEMENT;
        if (element != NO_ELEMENT && pattern[at] == '*') {
            behind_star = ++at;
            retry = text;
        } else if (element != NO_ELEMENT && element_matches(pattern + at, element, *text)) {
            at += element;
            text++;
        } else if (retry != NULL) {
            at = behind_star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (at < length && pattern[at] == '*')
        at++;
    return at == length;
}
