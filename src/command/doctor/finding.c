/* Keeps and prints findings; called by all parts of v6shim doctor. */
#include "command/doctor/finding.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/common/command.h"

#define NAME           "doctor"
#define TEXT_INDENT    7  /* behind the longest severity and two blanks */
#define COLUMNS_LEAST  40 /* a narrower terminal breaks the lines itself */
#define FINDINGS_FIRST 16 /* room for so many at first; then twice as many each time */

static const char severities[][6] = {"ok", "note", "wrong"};

/* Whether one more needs more room than a power of two. */
static bool is_full(size_t count)
{
    return count == 0 || (count >= FINDINGS_FIRST && (count & (count - 1)) == 0);
}

void finding_add(struct findings *findings, enum finding_severity severity, const char *topic, const char *remedy,
                 const char *format, ...)
{
    struct finding finding = {.severity = severity, .topic = topic, .remedy = remedy};
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&finding.text, format, arguments);
    va_end(arguments);
    if (length >= 0 && is_full(findings->count)) {
        size_t room = findings->count == 0 ? FINDINGS_FIRST : 2 * findings->count;
        struct finding *more = reallocarray(findings->list, room, sizeof *more);
        if (more != NULL)
            findings->list = more;
        else
            length = -1;
    }
    if (length < 0) {
        complain(NAME, "no memory");
        return;
    }
    findings->list[findings->count++] = finding;
}

static void print_line(FILE *stream, const struct finding *finding)
{
    fprintf(stream, "%-*s", TEXT_INDENT, severities[finding->severity]);
    print_harmless(stream, finding->text);
    if (finding->remedy[0] != '\0')
        fprintf(stream, ": %s", finding->remedy);
}

void findings_print(const struct findings *findings)
{
    unsigned columns = terminal_columns(stdout);
    for (size_t index = 0; index < findings->count; index++) {
        char *line = NULL;
        size_t size;
        FILE *memory = columns >= COLUMNS_LEAST ? open_memstream(&line, &size) : NULL;
        print_line(memory != NULL ? memory : stdout, &findings->list[index]);
        if (memory != NULL && fclose(memory) == 0)
            print_hanging(stdout, line, columns, TEXT_INDENT);
        else
            putchar('\n');
        free(line);
    }
}

void findings_print_json(const struct findings *findings)
{
    json_object *list = json_object_new_array();
    for (size_t index = 0; index < findings->count; index++) {
        const struct finding *finding = &findings->list[index];
        json_object *object = json_object_new_object();
        json_object_object_add(object, "severity", json_object_new_string(severities[finding->severity]));
        json_object_object_add(object, "topic", json_object_new_string(finding->topic));
        json_object_object_add(object, "text", json_object_new_string(finding->text));
        json_object_object_add(object, "remedy",
                               finding->remedy[0] != '\0' ? json_object_new_string(finding->remedy) : NULL);
        json_object_array_add(list, object);
    }
    puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

bool findings_have_wrong(const struct findings *findings)
{
    for (size_t index = 0; index < findings->count; index++)
        if (findings->list[index].severity == FINDING_WRONG)
            return true;
    return false;
}

void findings_free(struct findings *findings)
{
    for (size_t index = 0; index < findings->count; index++)
        free(findings->list[index].text);
    free(findings->list);
    *findings = (struct findings){0};
}
