/* Writes fields of a line of JSON; called by core/events. */
#include "core/base/json_line.h"

void json_line_key(struct text *text, const char *key)
{
    if (text->length > 0 && text->data[text->length - 1] != '{')
        text_add(text, ", ");
    text_add(text, "\"");
    text_add(text, key);
    text_add(text, "\": ");
}

void json_line_number(struct text *text, const char *key, int64_t number)
{
    json_line_key(text, key);
    text_add_number(text, number);
}

void json_line_string(struct text *text, const char *key, const char *string, size_t most)
{
    json_line_key(text, key);
    text_add_json(text, string, most);
}
