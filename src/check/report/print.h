/*
 * Reports as text for people.
 */
#ifndef V6SHIM_CHECK_REPORT_PRINT_H
#define V6SHIM_CHECK_REPORT_PRINT_H

#include <stdio.h>

#include "check/file/report.h"
#include "check/report/earlier.h"

struct check_style {
    bool color;
    bool details;                  /* every gap with its places; else a line for each program */
    bool all;                      /* also the programs without anything to do, and files that are no programs */
    bool used_only;                /* but not those that use no network */
    const struct changes *changes; /* since an earlier report; NULL: not asked for */
    bool alone;                    /* set by check_print(): one program is shown, with what to do beside each gap */
};

/* Prints the reports grouped by verdict, those with most to do first; of several the gaps that they share, what to do
   first, and a line of counts. NULLs among
   them (not looked at) are left out. */
void check_print(FILE *stream, struct report *const *reports, size_t count, const struct check_style *style);

/* Prints a place: "gethostbyname@GLIBC_2.2.5 in main at 0x28c3 (client.c:40)". */
void print_evidence(FILE *stream, const struct evidence *evidence);

/* The same as a text to be freed; NULL: no memory. */
char *evidence_words(const struct evidence *evidence);

#endif
