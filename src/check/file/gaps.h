/*
 * The catalogue of porting gaps, made from src/check/gaps.def: what keeps a program from IPv6, how much it matters,
 * what replaces it, and whether the shim makes up for it. "Covered" is never written by hand: src/preload/hooks.def
 * decides.
 *
 * Pure: constant tables, no I/O, no allocation. Every function is thread-safe.
 */
#ifndef V6SHIM_CHECK_FILE_GAPS_H
#define V6SHIM_CHECK_FILE_GAPS_H

#include <stdbool.h>
#include <stddef.h>

enum gap_severity { GAP_NOTE, GAP_WARNING, GAP_ERROR };

/* GAP_NAME_LOOKUP and so on, in the order of gaps.def. */
enum gap_number {
#define GAP(name, ...) GAP_##name,
#define GAP_SYMBOL(symbol, name)
#include "check/gaps.def"
#undef GAP
#undef GAP_SYMBOL
    GAP_COUNT
};

struct gap {
    const char *id; /* stable: reports, documentation and scripts name it */
    enum gap_severity severity;
    bool coverable; /* false: no interposed function can make up for it */
    const char *title;
    const char *problem;
    const char *replacement;
    const char *reference; /* RFC and section, or manual page */
};

/* Any number from 0 to GAP_COUNT - 1. */
const struct gap *gap_get(enum gap_number number);

/* The gap with that identifier ("name-lookup"), or GAP_COUNT. */
enum gap_number gap_find(const char *id);

/* The gap that an import of this symbol shows, or GAP_COUNT. A name that ends in @VERSION is taken without it. */
enum gap_number gap_of_symbol(const char *symbol);

/* The name by which a function is listed: what programs with a time_t of 64 bits call __setsockopt64 is setsockopt
   (preload/time64.def). Else the symbol itself. */
const char *gap_usual_symbol(const char *symbol);

/* Whether the shim interposes this symbol, its fortified form included. */
bool gap_symbol_is_hooked(const char *symbol);

/* Whether the shim covers a gap that this symbol showed; NULL where no symbol did. */
bool gap_is_covered(enum gap_number number, const char *symbol);

/* "note", "warning", "error". */
const char *gap_severity_name(enum gap_severity severity);

/* The severity of that name. Returns false where there is none. */
bool gap_severity_parse(const char *name, enum gap_severity *severity);

#endif
