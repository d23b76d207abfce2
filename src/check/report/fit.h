/*
 * Text that fits the terminal. Not for several threads at once.
 */
#ifndef V6SHIM_CHECK_REPORT_FIT_H
#define V6SHIM_CHECK_REPORT_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "check/file/gaps.h"

enum { GAP_INDENT = 4, PLACE_INDENT = 14 }; /* where a gap begins, and what stands below its words */

/* What is printed until fit_end(): lines too long for the terminal are broken at blanks. */
struct fit {
    FILE *stream, *memory;
    char *text;
    size_t size;
    unsigned columns;
};

/* Where to print. It is the stream itself without memory, or where `columns` (0: no terminal) is too small: then the
   lines are as long as they are. */
FILE *fit_begin(struct fit *fit, FILE *stream, unsigned columns);
void fit_end(struct fit *fit);

/* Text broken at blanks, at 100 columns at most, each line after `indent` blanks; it goes on at `column`. A blank at
   its start parts it from what stands there. Returns the column after it. */
size_t print_folded(FILE *stream, const char *text, size_t indent, size_t column, unsigned columns);

enum ink { PLAIN, BOLD, RED, YELLOW, GREEN, DIM };

/* Goes on in that color, where `color` says so. */
void ink(FILE *stream, bool color, enum ink ink);

/* Of a gap. */
enum ink severity_ink(enum gap_severity severity);

/* Whether colors are for this stream unasked: a terminal that has them (TERM is set and not "dumb"), and a user who
   wants them (NO_COLOR is not set, or empty). */
bool fit_has_colors(FILE *stream);

/* Whether the terminal behind the stream can move its cursor: there is one, and TERM isn't "dumb". */
bool fit_has_cursor(FILE *stream);

#endif
