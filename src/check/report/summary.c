/* Sums up several reports: each gap once, and what to do first; called by the printers in this folder. */
#include "check/report/summary.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/fit.h"
#include "command/common/command.h"

#define STEPS_SHOWN 9u
#define NAMES_SHOWN 4u

void summary_count(const struct report *const *reports, size_t count, struct gap_total totals[GAP_COUNT])
{
    memset(totals, 0, GAP_COUNT * sizeof *totals);
    for (size_t index = 0; index < count; index++)
        for (const struct report_gap *gap = reports[index] == NULL ? NULL : reports[index]->gaps; gap != NULL;
             gap = gap->next) {
            struct gap_total *total = &totals[gap->number];
            if ((reports[index]->verdict == VERDICT_READY && gap->severity == GAP_NOTE) || !report_counts(gap))
                continue;
            total->programs++;
            total->covered += gap->covered;
            total->places += gap->count;
            if (total->severity < gap->severity)
                total->severity = gap->severity;
        }
}

/* --- what to do first --- */

static bool is_in_the_way(const struct report_gap *gap)
{
    return !gap->covered && gap->severity >= GAP_WARNING && report_counts(gap);
}

/* What keeps the shim away; where packets are made by hand, that. */
static enum gap_number obstacle_of(const struct report *report)
{
    static const enum gap_number obstacles[] = {GAP_STATIC_PROGRAM, GAP_DIRECT_CALL, GAP_OTHER_LIBC, GAP_OTHER_ABI,
                                                GAP_PRIVILEGED_PROGRAM};
    for (size_t index = 0; index < sizeof obstacles / sizeof obstacles[0]; index++)
        if (report_find_gap(report, obstacles[index]) != NULL)
            return obstacles[index];
    return GAP_RAW_SOCKET;
}

bool summary_step_has(const struct step *step, const struct report *report)
{
    if (report != NULL && report_is_settled(report))
        return false;
    if (report == NULL || report->skipped || report->error != NULL)
        return report != NULL && report->error != NULL && step->verdict == VERDICT_COUNT;
    if (report->verdict != step->verdict)
        return false;
    if (step->gap == GAP_COUNT)
        return true;
    if (step->verdict == VERDICT_OUT_OF_REACH)
        return obstacle_of(report) == step->gap;
    const struct report_gap *gap = report_find_gap(report, step->gap);
    return gap != NULL && is_in_the_way(gap);
}

static bool is_alone(const struct step *step, const struct report *report)
{
    unsigned others = 0;
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        others += gap->number != step->gap && is_in_the_way(gap);
    return step->gap != GAP_COUNT && others == 0;
}

static int compare_steps(const void *left, const void *right)
{
    const struct step *one = left, *other = right;
    if (one->alone != other->alone)
        return one->alone > other->alone ? -1 : 1;
    if (one->programs != other->programs)
        return one->programs > other->programs ? -1 : 1;
    return (int)one->gap - (int)other->gap;
}

/* Adds the step where it is for anyone. */
static size_t add_step(const struct report *const *reports, size_t count, enum verdict verdict, enum gap_number gap,
                       struct step *step)
{
    *step = (struct step){.verdict = verdict, .gap = gap};
    for (size_t index = 0; index < count; index++)
        if (summary_step_has(step, reports[index])) {
            step->programs++;
            step->alone += is_alone(step, reports[index]);
        }
    return step->programs > 0;
}

size_t summary_steps(const struct report *const *reports, size_t count, struct step steps[STEPS_MOST])
{
    static const enum verdict by_gap[] = {VERDICT_PARTLY, VERDICT_OUT_OF_REACH};
    size_t used = add_step(reports, count, VERDICT_SHIM, GAP_COUNT, steps);
    for (size_t index = 0; index < sizeof by_gap / sizeof by_gap[0]; index++) {
        size_t begin = used;
        for (unsigned gap = 0; gap < GAP_COUNT; gap++)
            used += add_step(reports, count, by_gap[index], (enum gap_number)gap, &steps[used]);
        qsort(steps + begin, used - begin, sizeof *steps, compare_steps);
    }
    used += add_step(reports, count, VERDICT_UNKNOWN, GAP_COUNT, &steps[used]);
    return used + add_step(reports, count, VERDICT_COUNT, GAP_COUNT, &steps[used]);
}

void summary_describe(const struct step *step, char *buffer, size_t size)
{
    const struct gap *gap = step->gap == GAP_COUNT ? NULL : gap_get(step->gap);
    const char *programs = step->programs == 1 ? "program" : "programs";
    if (step->verdict == VERDICT_SHIM)
        snprintf(buffer, size, "Start %u %s with the shim: v6shim run PROGRAM, for a service v6shim enable UNIT.",
                 step->programs, programs);
    else if (step->verdict == VERDICT_PARTLY)
        snprintf(buffer, size, "Try %u %s with the shim, and mend there what it can't: %s [%s].", step->programs,
                 programs, gap->title, gap->id);
    else if (step->verdict == VERDICT_OUT_OF_REACH)
        snprintf(buffer, size, "Replace or port %u %s: %s [%s].", step->programs, programs, gap->title, gap->id);
    else if (step->verdict == VERDICT_UNKNOWN)
        snprintf(buffer, size, "Find out about %u %s that could not be read: install what is missing, or use --run.",
                 step->programs, programs);
    else
        snprintf(buffer, size, "Look again at %u %s that could not be checked.", step->programs, programs);
}

static void print_names(FILE *stream, const struct step *step, const struct report *const *reports, size_t count)
{
    unsigned named = 0;
    fprintf(stream, "%*s", PLACE_INDENT, "");
    for (size_t index = 0; index < count && named < NAMES_SHOWN; index++)
        if (summary_step_has(step, reports[index])) {
            fputs(named++ > 0 ? ", " : "", stream);
            print_harmless(stream, reports[index]->path);
        }
    if (step->programs > named)
        fprintf(stream, " and %u more", step->programs - named);
    putc('\n', stream);
}

static void print_steps(FILE *stream, const struct report *const *reports, size_t count,
                        const struct check_style *style)
{
    struct step steps[STEPS_MOST];
    size_t used = summary_steps(reports, count, steps);
    if (used == 0)
        return;
    ink(stream, style->color, BOLD);
    fputs("  What to do first", stream);
    ink(stream, style->color, PLAIN);
    putc('\n', stream);
    for (unsigned index = 0; index < used && index < STEPS_SHOWN; index++) {
        char words[256];
        summary_describe(&steps[index], words, sizeof words);
        fprintf(stream, "    %u.        %s\n", index + 1, words);
        print_names(stream, &steps[index], reports, count);
    }
    if (used > STEPS_SHOWN)
        fprintf(stream, "%*sand %zu more\n", PLACE_INDENT, "", used - STEPS_SHOWN);
}

/* --- earlier reports, and what is ignored --- */

void summary_print_changes(FILE *stream, const struct changes *changes, const struct check_style *style)
{
    struct fit fit;
    FILE *text = fit_begin(&fit, stream, terminal_columns(stream));
    ink(text, style->color, BOLD);
    fputs("  Since ", text);
    print_harmless(text, changes->since);
    ink(text, style->color, PLAIN);
    putc('\n', text);
    for (size_t index = 0; index < changes->count; index++) {
        const struct change *change = &changes->list[index];
        fprintf(text, "    %-9s ", change_name(change->kind));
        print_harmless(text, (change->is != NULL ? change->is : change->was)->path);
        fputs(": ", text);
        change_describe(text, change);
        putc('\n', text);
    }
    if (changes->count == 0)
        fputs("    nothing got better or worse\n", text);
    fit_end(&fit);
}

static void print_ignored_line(FILE *stream, const char *path, const char *gap, const char *reason)
{
    fputs("    ignored   ", stream);
    print_harmless(stream, path);
    if (gap != NULL)
        fprintf(stream, " [%s]", gap);
    fputs(": ", stream);
    print_harmless(stream, reason);
    putc('\n', stream);
}

void summary_print_ignored(FILE *stream, struct report *const *reports, size_t count)
{
    struct fit fit;
    FILE *text = fit_begin(&fit, stream, terminal_columns(stream));
    size_t known = 0;
    for (size_t index = 0; index < count; index++) {
        const struct report *report = reports[index];
        if (report != NULL && report->ignored != NULL)
            print_ignored_line(text, report->path, NULL, report->ignored);
        for (const struct report_gap *gap = report == NULL ? NULL : report->gaps; gap != NULL; gap = gap->next) {
            known += gap->known && gap->ignored == NULL;
            if (gap->ignored != NULL)
                print_ignored_line(text, report->path, gap_get(gap->number)->id, gap->ignored);
        }
    }
    if (known > 0)
        fprintf(text, "    known     %zu of the baseline's gaps, which are not counted\n", known);
    fit_end(&fit);
}

/* --- the gaps --- */

void summary_print_remedy(FILE *stream, enum gap_number number, unsigned columns)
{
    const struct gap *entry = gap_get(number);
    fprintf(stream, "%*sinstead: ", PLACE_INDENT, "");
    size_t column = print_folded(stream, entry->replacement, PLACE_INDENT + 2, PLACE_INDENT + 9, columns);
    char reference[256];
    snprintf(reference, sizeof reference, " (%s)", entry->reference);
    print_folded(stream, reference, PLACE_INDENT + 2, column, columns);
    putc('\n', stream);
}

static void print_total(FILE *stream, enum gap_number number, const struct gap_total *total,
                        const struct check_style *style)
{
    const struct gap *entry = gap_get(number);
    fprintf(stream, "%*s", GAP_INDENT, "");
    ink(stream, style->color, severity_ink(total->severity));
    fprintf(stream, "%-9s ", gap_severity_name(total->severity));
    ink(stream, style->color, PLAIN);
    fprintf(stream, "%s [%s]: %u %s, %u %s", entry->title, entry->id, total->places,
            total->places == 1 ? "place" : "places", total->programs, total->programs == 1 ? "program" : "programs");
    if (total->covered > 0 && total->covered == total->programs)
        fputs(", covered by the shim", stream);
    else if (total->covered > 0)
        fprintf(stream, ", covered by the shim in %u", total->covered);
    putc('\n', stream);
}

static void print_totals(FILE *stream, const struct report *const *reports, size_t count,
                         const struct check_style *style, unsigned columns)
{
    struct gap_total totals[GAP_COUNT];
    summary_count(reports, count, totals);
    bool first = true;
    for (int severity = GAP_ERROR; severity >= GAP_NOTE; severity--)
        for (unsigned number = 0; number < GAP_COUNT; number++) {
            if (totals[number].programs == 0 || totals[number].severity != (enum gap_severity)severity)
                continue;
            if (first) {
                ink(stream, style->color, BOLD);
                fputs("  Gaps, and what to do instead", stream);
                ink(stream, style->color, PLAIN);
                putc('\n', stream);
            }
            first = false;
            print_total(stream, (enum gap_number)number, &totals[number], style);
            summary_print_remedy(stream, (enum gap_number)number, columns);
        }
}

void summary_print(FILE *stream, const struct report *const *reports, size_t count, const struct check_style *style)
{
    struct fit fit;
    unsigned columns = terminal_columns(stream);
    FILE *text = fit_begin(&fit, stream, columns);
    print_totals(text, reports, count, style, columns);
    print_steps(text, reports, count, style);
    fit_end(&fit);
}
