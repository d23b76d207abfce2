/* Reads the line for hosts of nsswitch.conf(5); called by preload/resolve/name_service.c. */
#include "core/names/nsswitch.h"

#include <string.h>

#define DATABASE "hosts:"
#define BLANKS   " \t\r\v\f"

struct span {
    const char *start;
    size_t length;
};

static bool is_blank(char character)
{
    return character != '\0' && strchr(BLANKS, character) != NULL;
}

/* The next word, or an action in brackets as a whole; false at the end. */
static bool take_word(struct span *rest, struct span *word)
{
    while (rest->length > 0 && is_blank(rest->start[0])) {
        rest->start++;
        rest->length--;
    }
    *word = (struct span){rest->start, 0};
    bool action = rest->length > 0 && rest->start[0] == '[';
    while (word->length < rest->length && (action || !is_blank(rest->start[word->length]))) {
        word->length++;
        if (action && word->start[word->length - 1] == ']')
            break;
    }
    rest->start += word->length;
    rest->length -= word->length;
    return word->length > 0;
}

static bool is_known(struct span word)
{
    static const char known[][16] = {"files",        "dns",           "db",           "compat", "myhostname",
                                     "mymachines",   "resolve",       "mdns",         "mdns4",  "mdns6",
                                     "mdns_minimal", "mdns4_minimal", "mdns6_minimal"};
    for (size_t index = 0; index < sizeof known / sizeof known[0]; index++)
        if (strlen(known[index]) == word.length && memcmp(known[index], word.start, word.length) == 0)
            return true;
    return word.start[0] == '[';
}

static bool line_keeps_nothing(struct span line)
{
    struct span word;
    bool known = true;
    while (take_word(&line, &word))
        known = known && is_known(word);
    return known;
}

bool nsswitch_keeps_nothing(const char *text, size_t length)
{
    static const size_t name_length = sizeof DATABASE - 1;
    bool result = true;
    for (const char *end = text + length; text < end;) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (line_end == NULL)
            line_end = end;
        struct span line = {text, (size_t)(line_end - text)};
        const char *comment = line.length == 0 ? NULL : memchr(line.start, '#', line.length);
        if (comment != NULL)
            line.length = (size_t)(comment - line.start);
        while (line.length > 0 && is_blank(line.start[0])) {
            line.start++;
            line.length--;
        }
        if (line.length >= name_length && memcmp(line.start, DATABASE, name_length) == 0)
            result = line_keeps_nothing((struct span){line.start + name_length, line.length - name_length});
        text = line_end + 1;
    }
    return result;
}
