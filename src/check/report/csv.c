/* Prints reports as a table for spreadsheets (RFC 4180); called by check/report/format.c. */
#include <stdlib.h>
#include <string.h>

#include "check/report/format.h"
#include "check/report/print.h"

/* One field. What stands at its start could make a spreadsheet compute it: =, +, -, @, a tab. */
static void print_field(FILE *stream, const char *text, char end)
{
    char *clean = text == NULL ? NULL : harmless_copy(text);
    putc('"', stream);
    if (clean != NULL && *clean != '\0' && strchr("=+-@\t", *clean) != NULL)
        putc('\'', stream);
    for (const char *at = clean; at != NULL && *at != '\0'; at++) {
        if (*at == '"')
            putc('"', stream);
        putc(*at, stream);
    }
    putc('"', stream);
    if (end == '\n')
        putc('\r', stream);
    putc(end, stream);
    free(clean);
}

static void print_number(FILE *stream, unsigned number)
{
    fprintf(stream, "%u,", number);
}

/* The fields that all lines of a program share. */
static void print_program(FILE *stream, const struct report *report)
{
    bool judged = report->error == NULL && !report->skipped;
    print_field(stream, report->path, ',');
    print_field(stream, report->package, ',');
    print_field(stream, report->package_version, ',');
    print_field(stream, judged ? verdict_name(report->verdict) : report->skipped ? "skipped" : "error", ',');
    print_field(stream, report->error != NULL ? report->error : report->reason, ',');
    print_field(stream, report->kind, ',');
    print_field(stream, report->machine, ',');
}

static void print_places(FILE *stream, const struct report_gap *gap)
{
    char *places = NULL;
    size_t size;
    FILE *memory = open_memstream(&places, &size);
    if (memory == NULL)
        abort();
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next) {
        print_evidence(memory, evidence);
        fputs(evidence->next != NULL ? "; " : "", memory);
    }
    print_field(stream, fclose(memory) == 0 ? places : "", ',');
    free(places);
}

static void print_gap(FILE *stream, const struct report *report, const struct report_gap *gap)
{
    const struct gap *entry = gap_get(gap->number);
    print_program(stream, report);
    print_field(stream, entry->id, ',');
    print_field(stream, gap_severity_name(gap->severity), ',');
    print_field(stream, gap->covered ? "yes" : "no", ',');
    print_number(stream, gap->count);
    print_field(stream, entry->title, ',');
    print_places(stream, gap);
    print_field(stream, entry->replacement, ',');
    print_field(stream, entry->reference, ',');
    print_field(stream, gap->known ? "yes" : "", ',');
    print_field(stream, gap->ignored, '\n');
}

void csv_print(FILE *stream, const struct check_findings *findings)
{
    fputs("path,package,package_version,verdict,reason,kind,machine,gap,severity,covered,count,title,places,instead,"
          "reference,known,ignored\r\n",
          stream);
    for (size_t index = 0; index < findings->count; index++) {
        const struct report *report = findings->reports[index];
        if (report == NULL)
            continue;
        for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
            print_gap(stream, report, gap);
        if (report->gaps == NULL) {
            print_program(stream, report);
            fputs(",,,,,,,,,\r\n", stream);
        }
    }
}
