/* Prints reports for people; called by v6shim check. */
#include "check/report/print.h"

#include <stdlib.h>
#include <string.h>

#include "check/report/fit.h"
#include "check/report/summary.h"
#include "command/common/command.h"

#define ADDRESSES_SHOWN 32u

/* Of the terminal; 0 where there is none. */
static unsigned terminal_width;

static enum ink verdict_ink(enum verdict verdict)
{
    return verdict == VERDICT_READY          ? GREEN
           : verdict == VERDICT_OUT_OF_REACH ? RED
           : verdict == VERDICT_NO_NETWORK   ? DIM
                                             : YELLOW;
}

/* "gethostbyname@GLIBC_2.2.5 at main (client.c:40)", "socket at 0x28c3", "getaddrinfo in libcurl.so.4, by curl_x". */
void print_evidence(FILE *stream, const struct evidence *evidence)
{
    if (evidence->symbol != NULL)
        print_harmless(stream, evidence->symbol);
    if (evidence->version != NULL) {
        putc('@', stream);
        print_harmless(stream, evidence->version);
    }
    if (evidence->object != NULL) {
        fputs(" in ", stream);
        print_harmless(stream, evidence->object);
    }
    if (evidence->via != NULL) {
        fputs(", by ", stream);
        print_harmless(stream, evidence->via);
    }
    if (evidence->function != NULL) {
        fputs(" in ", stream);
        print_harmless(stream, evidence->function);
    }
    if (evidence->address != 0)
        fprintf(stream, "%sat 0x%llx", evidence->symbol != NULL ? " " : "", (unsigned long long)evidence->address);
    if (evidence->file != NULL || evidence->line > 0) {
        fputs(" (", stream);
        print_harmless(stream, evidence->file != NULL ? evidence->file : "line ");
        fprintf(stream, evidence->file != NULL ? ":%u)" : "%u)", evidence->line);
    }
    if (evidence->detail != NULL) {
        fputs(evidence->symbol != NULL || evidence->address != 0 ? ": " : "", stream);
        print_harmless(stream, evidence->detail);
    }
}

char *evidence_words(const struct evidence *evidence)
{
    char *words = NULL;
    size_t size;
    FILE *memory = open_memstream(&words, &size);
    if (memory == NULL)
        return NULL;
    print_evidence(memory, evidence);
    if (fclose(memory) == 0)
        return words;
    free(words);
    return NULL;
}

static void print_gap(FILE *stream, const struct report_gap *gap, const struct check_style *style)
{
    const struct gap *entry = gap_get(gap->number);
    fprintf(stream, "%*s", GAP_INDENT, "");
    ink(stream, style->color, severity_ink(gap->severity));
    fprintf(stream, "%-9s ", gap_severity_name(gap->severity));
    ink(stream, style->color, PLAIN);
    fprintf(stream, "%s [%s]%s\n", entry->title, entry->id, gap->covered ? ", covered by the shim" : "");
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next) {
        fprintf(stream, "%*s", PLACE_INDENT, "");
        print_evidence(stream, evidence);
        putc('\n', stream);
    }
    unsigned shown = 0;
    for (const struct evidence *evidence = gap->evidence; evidence != NULL; evidence = evidence->next)
        shown++;
    if (gap->count > shown)
        fprintf(stream, "%*sand %u more\n", PLACE_INDENT, "", gap->count - shown);
    if (style->alone)
        summary_print_remedy(stream, gap->number, terminal_width);
}

/* "connect 192.0.2.1 port 80 in main (client.c:40): from gethostbyname("www")". */
static void print_addresses(FILE *stream, const struct report_address *address)
{
    size_t count = 0;
    if (address != NULL)
        fputs("    addresses\n", stream);
    for (; address != NULL; address = address->next) {
        if (++count > ADDRESSES_SHOWN)
            continue;
        char symbol[128];
        snprintf(symbol, sizeof symbol, "%s %s port %d", address->place.symbol, address->address, address->port);
        struct evidence place = address->place;
        place.symbol = symbol;
        fprintf(stream, "%*s", PLACE_INDENT, "");
        print_evidence(stream, &place);
        putc('\n', stream);
    }
    if (count > ADDRESSES_SHOWN)
        fprintf(stream, "%*sand %zu more, which --json shows\n", PLACE_INDENT, "", count - ADDRESSES_SHOWN);
}

static void print_details(FILE *stream, const struct report *report, const struct check_style *style)
{
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (report_counts(gap))
            print_gap(stream, gap, style);
    print_addresses(stream, report->addresses);
    for (const struct report_credit *credit = report->credits; credit != NULL; credit = credit->next) {
        fputs("    ", stream);
        ink(stream, style->color, GREEN);
        fputs("for it    ", stream);
        ink(stream, style->color, PLAIN);
        fprintf(stream, "%s: ", credit->text);
        print_evidence(stream, &credit->evidence);
        putc('\n', stream);
    }
    for (const struct report_text *note = report->notes; note != NULL; note = note->next) {
        fputs("    note      ", stream);
        print_harmless(stream, note->text);
        putc('\n', stream);
    }
    for (const struct report_text *missing = report->missing; missing != NULL; missing = missing->next) {
        fputs("    missing   the library ", stream);
        print_harmless(stream, missing->text);
        fputs(" is not here, so it could not be looked at\n", stream);
    }
}

static void print_report(FILE *stream, const struct report *report, const struct check_style *style)
{
    ink(stream, style->color, BOLD);
    print_harmless(stream, report->path);
    ink(stream, style->color, PLAIN);
    if (report->package != NULL) {
        fputs(" (", stream);
        print_harmless(stream, report->package);
        fputs(report->package_version != NULL ? " " : "", stream);
        print_harmless(stream, report->package_version != NULL ? report->package_version : "");
        putc(')', stream);
    }
    fputs(": ", stream);
    if (report->error != NULL) {
        fputs("could not be checked: ", stream);
        print_harmless(stream, report->error);
    } else if (report->skipped) {
        print_harmless(stream, report->reason);
    } else {
        ink(stream, style->color, verdict_ink(report->verdict));
        fputs(verdict_title(report->verdict), stream);
        ink(stream, style->color, PLAIN);
        fputs(": ", stream);
        print_harmless(stream, report->reason == NULL ? "" : report->reason);
    }
    putc('\n', stream);
    if (style->details && report->error == NULL)
        print_details(stream, report, style);
}

static void print_fitted(FILE *stream, const struct report *report, const struct check_style *style)
{
    struct fit fit;
    print_report(fit_begin(&fit, stream, terminal_width), report, style);
    fit_end(&fit);
}

enum { READY_GROUP = 5, GROUPS = 8 };

/* Where a report belongs: 0 could not be checked, then what is unknown, the verdicts from the worst, and what is no
   program. */
static unsigned group_of(const struct report *report)
{
    static const unsigned groups[VERDICT_COUNT] = {
        [VERDICT_UNKNOWN] = 1, [VERDICT_OUT_OF_REACH] = 2, [VERDICT_PARTLY] = 3,
        [VERDICT_SHIM] = 4,    [VERDICT_READY] = 5,        [VERDICT_NO_NETWORK] = 6,
    };
    enum { SKIPPED = 7 };
    return report->error != NULL ? 0 : report->skipped ? SKIPPED : groups[report->verdict];
}

/* Whether the report is printed by itself; those with nothing to do only where they were asked for. */
static bool is_shown(const struct report *report, size_t count, const struct check_style *style)
{
    unsigned group = group_of(report);
    if (report_is_settled(report) && !style->all)
        return false;
    return count == 1 || group < READY_GROUP || (style->all && (group == READY_GROUP || !style->used_only));
}

static void print_counts(FILE *stream, const size_t sums[GROUPS])
{
    /* of one program, of several */
    static const char *const summaries[GROUPS][2] = {
        {"could not be checked", "could not be checked"},
        {"is unknown", "are unknown"},
        {"is out of the shim's reach", "are out of the shim's reach"},
        {"works under the shim in part", "work under the shim in part"},
        {"works under the shim", "work under the shim"},
        {"speaks IPv6", "speak IPv6"},
        {"uses no network", "use no network"},
        {"is no program", "are no programs"},
    };
    size_t total = 0;
    for (unsigned group = 0; group < GROUPS; group++)
        total += sums[group];
    struct fit fit;
    FILE *line = fit_begin(&fit, stream, terminal_width);
    fprintf(line, "%zu checked:%s", total, total == 0 ? " there is no program among what was named" : "");
    for (unsigned group = 0, printed = 0; group < GROUPS; group++)
        if (sums[group] > 0)
            fprintf(line, "%s %zu %s", printed++ > 0 ? "," : "", sums[group], summaries[group][sums[group] != 1]);
    putc('\n', line);
    fit_end(&fit);
}

void check_print(FILE *stream, struct report *const *reports, size_t count, const struct check_style *wanted)
{
    size_t sums[GROUPS] = {0}, shown = 0;
    const struct report **list = calloc(count + 1, sizeof *list);
    struct check_style style = *wanted;
    terminal_width = terminal_columns(stream);
    for (unsigned group = 0; list != NULL && group < GROUPS; group++)
        for (size_t index = 0; index < count; index++) {
            if (reports[index] == NULL || group_of(reports[index]) != group)
                continue;
            sums[group]++;
            if (is_shown(reports[index], count, &style))
                list[shown++] = reports[index];
        }
    style.alone = shown == 1;
    for (size_t index = 0; index < shown; index++)
        print_fitted(stream, list[index], &style);
    if (shown > 1)
        summary_print(stream, list, shown, &style);
    free(list);
    summary_print_ignored(stream, reports, count);
    if (style.changes != NULL)
        summary_print_changes(stream, style.changes, &style);
    if (count != 1)
        print_counts(stream, sums);
}
