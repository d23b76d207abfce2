/* Prints reports as one page for a browser, which needs nothing else; called by check/report/format.c. The page is in
   check/report/page.def. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/format.h"
#include "check/report/print.h"
#include "check/report/summary.h"

#define SVG_WIDTH   1000.0
#define NAMES_SHOWN 12u

enum part { NO_PART, PART_HEAD, PART_SHARES, PART_CHANGES, PART_STEPS, PART_GAPS, PART_CHOICES, PART_ROWS };

static const struct {
    const char *line; /* NULL: a part */
    enum part part;
} page[] = {
#define LINE(text) {text, NO_PART},
#define PART(name) {NULL, PART_##name},
#include "check/report/page.def"
#undef LINE
#undef PART
};

/* Classes of rows, in the order in which they are shown: those with most to do first. */
static const char *const classes[] = {"error", "unknown", "out-of-reach", "partly",
                                      "shim",  "ready",   "no-network",   "other"};

#define CLASSES (sizeof classes / sizeof classes[0])

static unsigned class_of(const struct report *report)
{
    const char *name = report->error != NULL ? "error" : report->skipped ? "other" : verdict_name(report->verdict);
    unsigned group = 0;
    while (group < CLASSES - 1 && strcmp(classes[group], name) != 0)
        group++;
    return group;
}

static const char *title_of(unsigned group)
{
    enum verdict verdict = verdict_parse(classes[group]);
    return verdict != VERDICT_COUNT ? verdict_title(verdict) : group == 0 ? "could not be checked" : "no program";
}

/* Text as HTML has it, harmless as everywhere. */
static void print_html(FILE *stream, const char *text)
{
    char *clean = text == NULL ? NULL : harmless_copy(text);
    for (const char *at = clean; at != NULL && *at != '\0'; at++)
        if (strchr("&<>\"'", *at) != NULL)
            fprintf(stream, "&#%d;", *at);
        else
            putc(*at, stream);
    free(clean);
}

static size_t count_classes(const struct check_findings *findings, size_t counts[CLASSES])
{
    size_t total = 0;
    memset(counts, 0, CLASSES * sizeof *counts);
    for (size_t index = 0; index < findings->count; index++)
        if (findings->reports[index] != NULL) {
            counts[class_of(findings->reports[index])]++;
            total++;
        }
    return total;
}

static void print_head(FILE *stream, const struct check_findings *findings)
{
    size_t counts[CLASSES], total = count_classes(findings, counts);
    fprintf(stream, "<p class='faint'>%zu %s, checked by v6shim %s</p>\n", total, total == 1 ? "program" : "programs",
            PACKAGE_VERSION);
    if (findings->root != NULL) {
        fputs("<p>In <code>", stream);
        print_html(stream, findings->root);
        fputs("</code></p>\n", stream);
    }
    if (!findings->complete)
        fputs("<p class='warning'>The check was interrupted: programs are missing here.</p>\n", stream);
}

/* A bar with the share of each verdict, and what its colors mean. */
static void print_shares(FILE *stream, const struct check_findings *findings)
{
    size_t counts[CLASSES], total = count_classes(findings, counts);
    double at = 0;
    if (total == 0)
        return;
    fprintf(stream, "<svg class='shares' viewBox='0 0 %.0f 10' preserveAspectRatio='none' role='img' aria-label='",
            SVG_WIDTH);
    for (unsigned group = 0, named = 0; group < CLASSES; group++)
        if (counts[group] > 0) {
            fprintf(stream, "%s%zu ", named++ > 0 ? ", " : "", counts[group]);
            print_html(stream, title_of(group));
        }
    fputs("'>\n", stream);
    for (unsigned group = 0; group < CLASSES; group++) {
        double width = SVG_WIDTH * (double)counts[group] / (double)total;
        if (counts[group] == 0)
            continue;
        fprintf(stream, "<rect class='%s' x='%.2f' y='0' width='%.2f' height='10'><title>", classes[group], at,
                width);
        print_html(stream, title_of(group));
        fprintf(stream, ": %zu</title></rect>\n", counts[group]);
        at += width;
    }
    fputs("</svg>\n<ul class='legend'>\n", stream);
    for (unsigned group = 0; group < CLASSES; group++)
        if (counts[group] > 0) {
            fprintf(stream, "<li><span class='mark %s'></span>", classes[group]);
            print_html(stream, title_of(group));
            fprintf(stream, ": %zu (%.1f&#160;%%)</li>\n", counts[group],
                    100.0 * (double)counts[group] / (double)total);
        }
    fputs("</ul>\n", stream);
}

/* Which verdicts are shown. */
static void print_choices(FILE *stream, const struct check_findings *findings)
{
    size_t counts[CLASSES];
    count_classes(findings, counts);
    fputs("<ul class='choices'>\n", stream);
    for (unsigned group = 0; group < CLASSES; group++) {
        if (counts[group] == 0)
            continue;
        fprintf(stream, "<li><label><input type='checkbox' value='%s' checked hidden><span class='mark %s'></span>",
                classes[group], classes[group]);
        print_html(stream, title_of(group));
        fputs("</label></li>\n", stream);
    }
    fputs("</ul>\n", stream);
}

static void print_steps(FILE *stream, const struct check_findings *findings)
{
    struct step steps[STEPS_MOST];
    size_t used = summary_steps(findings->reports, findings->count, steps);
    if (used == 0)
        return;
    fputs("<h2>What to do first</h2>\n<ol>\n", stream);
    for (size_t step = 0; step < used; step++) {
        char words[256];
        unsigned named = 0;
        summary_describe(&steps[step], words, sizeof words);
        fputs("<li>", stream);
        print_html(stream, words);
        fputs("<br><span class='faint'>", stream);
        for (size_t index = 0; index < findings->count && named < NAMES_SHOWN; index++)
            if (summary_step_has(&steps[step], findings->reports[index])) {
                fputs(named++ > 0 ? ", <code>" : "<code>", stream);
                print_html(stream, findings->reports[index]->path);
                fputs("</code>", stream);
            }
        if (steps[step].programs > named)
            fprintf(stream, " and %u more", steps[step].programs - named);
        fputs("</span></li>\n", stream);
    }
    fputs("</ol>\n", stream);
}

static void print_change(FILE *stream, const struct change *change)
{
    char *words = NULL;
    size_t size;
    FILE *memory = open_memstream(&words, &size);
    if (memory == NULL)
        abort();
    change_describe(memory, change);
    bool whole = fclose(memory) == 0;
    fprintf(stream, "<li>%s: <code>", change_name(change->kind));
    print_html(stream, (change->is != NULL ? change->is : change->was)->path);
    fputs("</code>: ", stream);
    print_html(stream, whole ? words : "");
    fputs("</li>\n", stream);
    free(words);
}

static void print_changes(FILE *stream, const struct check_findings *findings)
{
    const struct changes *changes = findings->changes;
    if (changes == NULL)
        return;
    fputs("<h2>Since ", stream);
    print_html(stream, changes->since);
    fputs(changes->count > 0 ? "</h2>\n<ul>\n" : "</h2>\n<p>Nothing got better or worse.</p>\n", stream);
    for (size_t index = 0; index < changes->count; index++)
        print_change(stream, &changes->list[index]);
    if (changes->count > 0)
        fputs("</ul>\n", stream);
}

static void print_gap_total(FILE *stream, enum gap_number number, const struct gap_total *total)
{
    const struct gap *entry = gap_get(number);
    fprintf(stream, "<tr><td>%s</td><td>", gap_severity_name(total->severity));
    print_html(stream, entry->title);
    fprintf(stream, " <code>%s</code></td><td class='number' data-name='programs'>%u</td>", entry->id,
            total->programs);
    fprintf(stream, "<td class='number' data-name='covered by the shim in'>%u</td><td data-name='instead'>",
            total->covered);
    print_html(stream, entry->replacement);
    fputs(" <span class='faint'>", stream);
    print_html(stream, entry->reference);
    fputs("</span></td></tr>\n", stream);
}

static void print_gaps(FILE *stream, const struct check_findings *findings)
{
    struct gap_total totals[GAP_COUNT];
    bool any = false;
    summary_count(findings->reports, findings->count, totals);
    for (int severity = GAP_ERROR; severity >= GAP_NOTE; severity--)
        for (unsigned number = 0; number < GAP_COUNT; number++) {
            if (totals[number].programs == 0 || totals[number].severity != (enum gap_severity)severity)
                continue;
            if (!any)
                fputs("<h2 id='title-gaps'>Gaps, and what to do instead</h2>\n"
                      "<table id='gaps' aria-labelledby='title-gaps'>\n<thead><tr><th>Level</th><th>Gap</th>"
                      "<th>Programs</th><th>Covered</th><th>Instead</th></tr></thead>\n<tbody>\n",
                      stream);
            any = true;
            print_gap_total(stream, (enum gap_number)number, &totals[number]);
        }
    if (any)
        fputs("</tbody>\n</table>\n", stream);
}

/* --- a program --- */

static void print_evidence_item(FILE *stream, const char *before, const struct evidence *evidence)
{
    char *words = evidence_words(evidence);
    fputs("<li>", stream);
    print_html(stream, before);
    fputs("<code>", stream);
    print_html(stream, words);
    fputs("</code></li>\n", stream);
    free(words);
}

static void print_gap(FILE *stream, const struct report_gap *gap)
{
    const struct gap *entry = gap_get(gap->number);
    unsigned shown = 0;
    fprintf(stream, "<h3>%s: ", gap_severity_name(gap->severity));
    print_html(stream, entry->title);
    fprintf(stream, " <code>%s</code>%s</h3>\n<ul>\n", entry->id, gap->covered ? ", covered by the shim" : "");
    if (gap->known)
        fputs("<li>known</li>\n", stream);
    if (gap->ignored != NULL) {
        fputs("<li>ignored: ", stream);
        print_html(stream, gap->ignored);
        fputs("</li>\n", stream);
    }
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next, shown++)
        print_evidence_item(stream, "", evidence);
    if (gap->count > shown)
        fprintf(stream, "<li>and %u more</li>\n", gap->count - shown);
    fputs("</ul>\n", stream);
}

static void print_texts(FILE *stream, const char *before, const struct report_text *text)
{
    for (; text != NULL; text = text->next) {
        fputs("<p class='faint'>", stream);
        fputs(before, stream);
        print_html(stream, text->text);
        fputs("</p>\n", stream);
    }
}

static void print_details(FILE *stream, const struct report *report)
{
    if (report->gaps == NULL && report->credits == NULL && report->notes == NULL && report->missing == NULL)
        return;
    fputs("<details><summary>details</summary>\n", stream);
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        print_gap(stream, gap);
    if (report->credits != NULL)
        fputs("<h3>For it</h3>\n<ul>\n", stream);
    for (const struct report_credit *credit = report->credits; credit != NULL; credit = credit->next) {
        char before[128];
        snprintf(before, sizeof before, "%s: ", credit->text);
        print_evidence_item(stream, before, &credit->evidence);
    }
    if (report->credits != NULL)
        fputs("</ul>\n", stream);
    print_texts(stream, "Note: ", report->notes);
    print_texts(stream, "Missing, so that it could not be looked at: ", report->missing);
    fputs("</details>", stream);
}

static void print_row(FILE *stream, const struct report *report)
{
    unsigned group = class_of(report), gaps = 0;
    const char *reason = report->error != NULL ? report->error : report->reason;
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        gaps += gap->severity >= GAP_WARNING && report_counts(gap);
    fprintf(stream, "<tr data-verdict='%s'><td><span class='path'>", classes[group]);
    print_html(stream, report->path);
    fputs("</span> <span class='faint'>", stream);
    print_html(stream, report->package);
    fputs(" ", stream);
    print_html(stream, report->package_version);
    fputs("</span><br>", stream);
    print_html(stream, reason);
    print_details(stream, report);
    fprintf(stream, "</td><td class='verdict' data-order='%u'><span class='mark %s'></span>", group, classes[group]);
    print_html(stream, title_of(group));
    fprintf(stream, "</td><td class='number' data-order='%u' data-name='errors and warnings'>%u</td></tr>\n", gaps,
            gaps);
}

static void print_rows(FILE *stream, const struct check_findings *findings)
{
    for (unsigned group = 0; group < CLASSES; group++)
        for (size_t index = 0; index < findings->count; index++)
            if (findings->reports[index] != NULL && class_of(findings->reports[index]) == group)
                print_row(stream, findings->reports[index]);
}

void html_print(FILE *stream, const struct check_findings *findings)
{
    static void (*const parts[])(FILE *, const struct check_findings *) = {
        [PART_HEAD] = print_head,       [PART_SHARES] = print_shares, [PART_STEPS] = print_steps,
        [PART_CHANGES] = print_changes, [PART_GAPS] = print_gaps,     [PART_CHOICES] = print_choices,
        [PART_ROWS] = print_rows,
    };
    for (size_t index = 0; index < sizeof page / sizeof page[0]; index++)
        if (page[index].line != NULL)
            fprintf(stream, "%s\n", page[index].line);
        else
            parts[page[index].part](stream, findings);
}
