/*
 * What several reports have in common: how often each gap is there and what to do instead, once; and what to do
 * first.
 */
#ifndef V6SHIM_CHECK_REPORT_SUMMARY_H
#define V6SHIM_CHECK_REPORT_SUMMARY_H

#include "check/file/report.h"
#include "check/report/print.h"

/* How many programs of a report have a gap. */
struct gap_total {
    unsigned programs, covered; /* covered: of these, by the shim */
    unsigned places;
    enum gap_severity severity; /* the worst */
};

/* Counts the gaps of all reports; NULLs among them are left out, and notes on programs that speak IPv6: there is
   nothing to do. */
void summary_count(const struct report *const *reports, size_t count, struct gap_total totals[GAP_COUNT]);

/* One thing to do, for some of the programs. */
struct step {
    enum verdict verdict; /* of these programs; VERDICT_COUNT: they could not be checked */
    enum gap_number gap;  /* that is in the way; GAP_COUNT: none */
    unsigned programs;    /* how many */
    unsigned alone;       /* of these, with nothing else in the way */
};

#define STEPS_MOST (2 * GAP_COUNT + 3)

/*
 * What to do first, most for least: what works under the shim as it is; gaps that the shim doesn't cover, those first
 * that alone are in the way of the most programs; what is out of its reach; what could not be checked. Returns how
 * many steps there are.
 */
size_t summary_steps(const struct report *const *reports, size_t count, struct step steps[STEPS_MOST]);

/* Whether the step is for this program. */
bool summary_step_has(const struct step *step, const struct report *report);

/* A step in words, without the programs; the buffer holds it whole with 256 bytes. */
void summary_describe(const struct step *step, char *buffer, size_t size);

/* "instead: ...", below the words of a gap. */
void summary_print_remedy(FILE *stream, enum gap_number number, unsigned columns);

/* Prints the gaps with what to do instead, where details are asked for, and what to do first. */
void summary_print(FILE *stream, const struct report *const *reports, size_t count, const struct check_style *style);

/* Prints what got better or worse. */
void summary_print_changes(FILE *stream, const struct changes *changes, const struct check_style *style);

/* Prints what is ignored, with the reasons, and how much is known. NULLs among the reports are left out. */
void summary_print_ignored(FILE *stream, struct report *const *reports, size_t count);

#endif
