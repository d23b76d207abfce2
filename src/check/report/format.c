/* Prints reports for other programs; called by check/check.c and check/run. */
#include "check/report/format.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/json.h"
#include "command/common/command.h"

enum check_format format_parse(const char *name)
{
    static const char *const names[FORMAT_COUNT] = {
        [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_SARIF] = "sarif",
        [FORMAT_CSV] = "csv",   [FORMAT_HTML] = "html",
    };
    unsigned format = 0;
    while (format < FORMAT_COUNT && strcmp(names[format], name) != 0)
        format++;
    return (enum check_format)format;
}

/* The number of a character of two or three bytes. */
static unsigned code_point(const char *at, size_t length)
{
    unsigned first = (unsigned char)at[0], second = (unsigned char)at[1] & 0x3f;
    return length == 2 ? (first & 0x1f) << 6 | second
                       : (first & 0x0f) << 12 | second << 6 | ((unsigned char)at[2] & 0x3f);
}

void format_print_json(FILE *stream, json_object *object)
{
    const char *text =
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t length = character_length(at), taken = length == 0 ? 1 : length;
        if (character_turns_text(at, length))
            fprintf(stream, "\\u%04x", code_point(at, length));
        else
            fwrite(at, 1, taken, stream);
        at += taken;
    }
    putc('\n', stream);
}

static void json_print(FILE *stream, const struct check_findings *findings)
{
    json_object *programs, *top = report_list_to_json(findings->complete, &programs);
    for (size_t index = 0; index < findings->count; index++)
        if (findings->reports[index] != NULL)
            json_object_array_add(programs, report_to_json(findings->reports[index]));
    if (findings->changes != NULL)
        json_object_object_add(top, "changes", changes_to_json(findings->changes));
    if (findings->root != NULL)
        json_object_object_add(top, "root", json_text(findings->root));
    format_print_json(stream, top);
    json_object_put(top);
}

void format_print(FILE *stream, enum check_format format, const struct check_findings *findings)
{
    if (format == FORMAT_SARIF)
        sarif_print(stream, findings);
    else if (format == FORMAT_CSV)
        csv_print(stream, findings);
    else if (format == FORMAT_HTML)
        html_print(stream, findings);
    else
        json_print(stream, findings);
}

char *harmless_copy(const char *text)
{
    char *copy = NULL;
    size_t size;
    FILE *memory = open_memstream(&copy, &size);
    if (memory == NULL)
        return NULL;
    print_harmless(memory, text);
    if (fclose(memory) == 0)
        return copy;
    free(copy);
    return NULL;
}
