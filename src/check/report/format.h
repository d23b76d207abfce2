/*
 * The forms in which reports are printed, and what printers of them share.
 */
#ifndef V6SHIM_CHECK_REPORT_FORMAT_H
#define V6SHIM_CHECK_REPORT_FORMAT_H

#include <json-c/json.h>
#include <stdio.h>

#include "check/file/report.h"
#include "check/report/earlier.h"

enum check_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_CSV, FORMAT_HTML, FORMAT_COUNT };

/* The format of that name ("sarif"), or FORMAT_COUNT. */
enum check_format format_parse(const char *name);

/* All that was found. */
struct check_findings {
    const struct report *const *reports; /* NULLs among them are left out */
    size_t count;
    bool complete;                 /* false: the check was interrupted */
    bool has_baseline;             /* an earlier report was given, and gaps that are in it are marked */
    const struct changes *changes; /* since an earlier report; NULL: not asked for */
    const char *root;              /* in which the paths are; NULL: this system */
};

/* Prints them in a format that isn't FORMAT_TEXT. */
void format_print(FILE *stream, enum check_format format, const struct check_findings *findings);

/* Prints an object as JSON. Characters that change the direction of text are written as \uXXXX, so that no name can
   make a line look like another. */
void format_print_json(FILE *stream, json_object *object);

/* SARIF 2.1.0 (OASIS), a rule for each gap of the catalogue, a result for each gap of a program. */
void sarif_print(FILE *stream, const struct check_findings *findings);

/* RFC 4180, a line for each gap of a program. A field that a spreadsheet would take for a formula has a quote before
 * it. */
void csv_print(FILE *stream, const struct check_findings *findings);

/* One page that needs nothing else. */
void html_print(FILE *stream, const struct check_findings *findings);

/* The text as print_harmless() prints it, to be freed; NULL: no memory. */
char *harmless_copy(const char *text);

#endif
