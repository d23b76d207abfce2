/* Holds what a check has found; filled by all checks, read by the printers in check/report. */
#include "check/file/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE       4096
#define EVIDENCE_MAXIMUM 8 /* of one gap: more tell a reader nothing new */

struct report_chunk {
    struct report_chunk *next;
    size_t used, size;
    max_align_t data[];
};

void *report_allocate(struct report *report, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct report_chunk *chunk = report->chunks;
    if (chunk == NULL || size > chunk->size - chunk->used) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        chunk = calloc(1, sizeof *chunk + room);
        if (chunk == NULL)
            abort();
        chunk->size = room;
        chunk->next = report->chunks;
        report->chunks = chunk;
    }
    void *memory = (char *)chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

const char *report_copy(struct report *report, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(report_allocate(report, size), text, size);
}

const char *report_print(struct report *report, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        abort();
    const char *copy = report_copy(report, text);
    free(text);
    return copy;
}

struct report *report_new(const char *path)
{
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL)
        return NULL;
    report->path = report_copy(report, path);
    report->verdict = VERDICT_UNKNOWN;
    return report;
}

void report_free(struct report *report)
{
    while (report != NULL && report->chunks != NULL) {
        struct report_chunk *chunk = report->chunks;
        report->chunks = chunk->next;
        free(chunk);
    }
    free(report);
}

static struct evidence copy_evidence(struct report *report, const struct evidence *evidence)
{
    return (struct evidence){
        .symbol = report_copy(report, evidence->symbol),
        .version = report_copy(report, evidence->version),
        .object = report_copy(report, evidence->object),
        .via = report_copy(report, evidence->via),
        .function = report_copy(report, evidence->function),
        .file = report_copy(report, evidence->file),
        .line = evidence->line,
        .address = evidence->address,
        .detail = report_copy(report, evidence->detail),
    };
}

struct report_gap *report_find_gap(const struct report *report, enum gap_number number)
{
    struct report_gap *gap = report->gaps;
    while (gap != NULL && gap->number != number)
        gap = gap->next;
    return gap;
}

struct report_gap *report_add_gap(struct report *report, enum gap_number number, const struct evidence *evidence)
{
    struct report_gap *gap = report_find_gap(report, number);
    bool covered = evidence->translated || gap_is_covered(number, evidence->symbol);
    if (gap == NULL) {
        gap = report_allocate(report, sizeof *gap);
        gap->number = number;
        gap->severity = gap_get(number)->severity;
        gap->covered = covered;
        gap->next = report->gaps;
        report->gaps = gap;
    }
    gap->covered = gap->covered && covered;
    if (gap->count++ >= EVIDENCE_MAXIMUM)
        return gap;
    struct evidence *copy = report_allocate(report, sizeof *copy);
    *copy = copy_evidence(report, evidence);
    if (gap->last == NULL)
        gap->evidence = copy;
    else
        gap->last->next = copy;
    gap->last = copy;
    return gap;
}

void report_add_credit(struct report *report, const char *text, const struct evidence *evidence)
{
    struct report_credit **place = &report->credits;
    for (; *place != NULL; place = &(*place)->next)
        if (strcmp((*place)->text, text) == 0)
            return;
    *place = report_allocate(report, sizeof **place);
    (*place)->text = report_copy(report, text);
    (*place)->evidence = copy_evidence(report, evidence);
}

void report_add_address(struct report *report, const struct report_address *address)
{
    struct report_address **place = &report->addresses, *copy = report_allocate(report, sizeof *copy);
    while (*place != NULL)
        place = &(*place)->next;
    *copy = (struct report_address){
        .place = copy_evidence(report, &address->place),
        .address = report_copy(report, address->address),
        .port = address->port,
        .origin = report_copy(report, address->origin),
        .by = report_copy(report, address->by),
        .name = report_copy(report, address->name),
    };
    *place = copy;
}

static void add_text(struct report *report, struct report_text **place, const char *text)
{
    for (; *place != NULL; place = &(*place)->next)
        if (strcmp((*place)->text, text) == 0)
            return;
    *place = report_allocate(report, sizeof **place);
    (*place)->text = report_copy(report, text);
}

void report_add_note(struct report *report, const char *text)
{
    add_text(report, &report->notes, text);
}

void report_add_missing(struct report *report, const char *name)
{
    add_text(report, &report->missing, name);
}

/* Whether `left` belongs before `right`. */
static bool comes_before(const struct report_gap *left, const struct report_gap *right)
{
    if (left->severity != right->severity)
        return left->severity > right->severity;
    if (left->covered != right->covered)
        return !left->covered;
    return left->number < right->number;
}

void report_sort(struct report *report)
{
    struct report_gap *sorted = NULL;
    while (report->gaps != NULL) {
        struct report_gap *gap = report->gaps;
        report->gaps = gap->next;
        struct report_gap **place = &sorted;
        while (*place != NULL && comes_before(*place, gap))
            place = &(*place)->next;
        gap->next = *place;
        *place = gap;
    }
    report->gaps = sorted;
}

bool report_counts(const struct report_gap *gap)
{
    return !gap->known && gap->ignored == NULL;
}

bool report_is_open(const struct report *report)
{
    return report->error != NULL || (!report->skipped && report->verdict == VERDICT_UNKNOWN);
}

bool report_is_settled(const struct report *report)
{
    bool open = report->gaps == NULL;
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        open = open || report_counts(gap);
    return report_is_open(report) ? report->ignored != NULL : !open;
}

bool report_has(const struct report *report, enum gap_severity level)
{
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (gap->severity >= level && report_counts(gap))
            return true;
    return false;
}
