/* Reads which findings are to be ignored; called by check/check.c. */
#include "check/ignore.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"

struct ignore_list {
    char *pattern, *reason;
    enum gap_number gap; /* GAP_COUNT: all, and that it could not be checked */
    struct ignore_list *next;
};

static const char *const blanks = " \t";

/* The end of the pattern: a blank without a backslash before it. */
static size_t pattern_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0' && strchr(blanks, text[length]) == NULL)
        length += text[length] == '\\' && text[length + 1] != '\0' ? 2 : 1;
    return length;
}

/* One line without its end, of at least one word. Returns what is wrong with it, or NULL. */
static const char *read_line(char *line, struct ignore_list *entry)
{
    size_t length = pattern_length(line);
    char *rest = line + length + strspn(line + length, blanks);
    *entry = (struct ignore_list){.gap = GAP_COUNT};
    if (*rest != '#' && *rest != '\0') {
        size_t word = strcspn(rest, " \t#");
        char *end = rest + word + strspn(rest + word, blanks);
        bool bracketed = word > 2 && rest[0] == '[' && rest[word - 1] == ']';
        char id[64];
        snprintf(id, sizeof id, "%.*s", (int)(bracketed ? word - 2 : word), rest + bracketed);
        entry->gap = gap_find(id);
        if (entry->gap == GAP_COUNT)
            return "there is no such gap; docs/porting.md and v6shim check name them in brackets";
        rest = end;
    }
    if (*rest != '#' || rest[1 + strspn(rest + 1, blanks)] == '\0')
        return "a reason is missing: PATTERN [GAP] # REASON";
    entry->reason = strdup(rest + 1 + strspn(rest + 1, blanks));
    entry->pattern = strndup(line, length);
    return entry->reason == NULL || entry->pattern == NULL ? "not enough memory" : NULL;
}

struct ignore_list *ignore_read(const char *command, const char *file)
{
    struct ignore_list head = {0}, *last = &head;
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    const char *problem = stream == NULL ? strerror(errno) : NULL;
    while (problem == NULL && getline(&line, &size, stream) > 0) {
        char *text = line + strspn(line, blanks);
        number++;
        text[strcspn(text, "\r\n")] = '\0';
        if (*text == '\0' || *text == '#')
            continue;
        last->next = calloc(1, sizeof *last);
        if (last->next == NULL)
            break;
        last = last->next;
        problem = read_line(text, last);
    }
    if (stream != NULL)
        fclose(stream);
    free(line);
    if (problem != NULL && number > 0)
        complain(command, "%s, line %u: %s", file, number, problem);
    else if (problem != NULL)
        complain(command, "can't read %s: %s", file, problem);
    last = head.next != NULL ? head.next : calloc(1, sizeof *last); /* an empty list matches nothing */
    if (problem == NULL)
        return last;
    ignore_free(last);
    return NULL;
}

void ignore_free(struct ignore_list *list)
{
    while (list != NULL) {
        struct ignore_list *next = list->next;
        free(list->pattern);
        free(list->reason);
        free(list);
        list = next;
    }
}

static void mark(const struct ignore_list *entry, struct report *report)
{
    if (report_is_open(report) && entry->gap == GAP_COUNT && report->ignored == NULL)
        report->ignored = report_copy(report, entry->reason);
    for (struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (gap->ignored == NULL && (entry->gap == GAP_COUNT || entry->gap == gap->number))
            gap->ignored = report_copy(report, entry->reason);
}

void ignore_mark(const struct ignore_list *list, struct report *const *reports, size_t count)
{
    for (; list != NULL; list = list->next)
        for (size_t index = 0; list->pattern != NULL && index < count; index++)
            if (reports[index] != NULL && fnmatch(list->pattern, reports[index]->path, 0) == 0)
                mark(list, reports[index]);
}
