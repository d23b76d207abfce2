/* Prints reports for people; called by v6shim check. */
#include "check/report/print.h"

#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"

#define COLUMNS_LEAST   40u
#define COLUMNS_MOST    100u /* longer lines are hard to read */
#define ADDRESSES_SHOWN 32u

#define ESCAPE '\033'

enum { GAP_INDENT = 4, PLACE_INDENT = 14 };

/* Of the terminal; 0 where there is none. */
static unsigned terminal_width;

enum ink { PLAIN, BOLD, RED, YELLOW, GREEN, DIM };

static void ink(FILE *stream, const struct check_style *style, enum ink ink)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[31m", "\033[33m", "\033[32m", "\033[2m"};
    if (style->color)
        fputs(codes[ink], stream);
}

static enum ink verdict_ink(enum verdict verdict)
{
    return verdict == VERDICT_READY          ? GREEN
           : verdict == VERDICT_OUT_OF_REACH ? RED
           : verdict == VERDICT_NO_NETWORK   ? DIM
                                             : YELLOW;
}

static enum ink severity_ink(enum gap_severity severity)
{
    return severity == GAP_ERROR ? RED : severity == GAP_WARNING ? YELLOW : DIM;
}

/* Text broken at blanks, each line after `indent` blanks; it goes on at `column`. A blank at its start parts it
   from what stands there. Returns the column after it. */
static size_t print_folded(FILE *stream, const char *text, size_t indent, size_t column)
{
    size_t columns = terminal_width;
    columns = columns == 0 || columns > COLUMNS_MOST ? COLUMNS_MOST
              : columns < COLUMNS_LEAST              ? COLUMNS_LEAST
                                                     : columns;
    while (*text != '\0') {
        size_t blanks = strspn(text, " "), length = strcspn(text + blanks, " ");
        if (length > 0 && blanks > 0 && column + 1 + length > columns) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
        } else if (length > 0 && blanks > 0) {
            putc(' ', stream);
            column++;
        }
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)length, text + blanks);
        print_harmless(stream, word);
        column += length;
        text += blanks + length;
    }
    return column;
}

/* "gethostbyname@GLIBC_2.2.5 at main (client.c:40)", "socket at 0x28c3", "getaddrinfo in libcurl.so.4, by curl_x". */
static void print_evidence(FILE *stream, const struct evidence *evidence)
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

static void print_gap(FILE *stream, const struct report_gap *gap, const struct check_style *style)
{
    const struct gap *entry = gap_get(gap->number);
    fprintf(stream, "%*s", GAP_INDENT, "");
    ink(stream, style, severity_ink(gap->severity));
    fprintf(stream, "%-9s ", gap_severity_name(gap->severity));
    ink(stream, style, PLAIN);
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
    fprintf(stream, "%*sinstead: ", PLACE_INDENT, "");
    size_t column = print_folded(stream, entry->replacement, PLACE_INDENT + 2, PLACE_INDENT + 9);
    char reference[256];
    snprintf(reference, sizeof reference, " (%s)", entry->reference);
    print_folded(stream, reference, PLACE_INDENT + 2, column);
    putc('\n', stream);
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
        print_gap(stream, gap, style);
    print_addresses(stream, report->addresses);
    for (const struct report_credit *credit = report->credits; credit != NULL; credit = credit->next) {
        fputs("    ", stream);
        ink(stream, style, GREEN);
        fputs("for it    ", stream);
        ink(stream, style, PLAIN);
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
    ink(stream, style, BOLD);
    print_harmless(stream, report->path);
    ink(stream, style, PLAIN);
    fputs(": ", stream);
    if (report->error != NULL) {
        fputs("could not be checked: ", stream);
        print_harmless(stream, report->error);
    } else if (report->skipped) {
        print_harmless(stream, report->reason);
    } else {
        ink(stream, style, verdict_ink(report->verdict));
        fputs(verdict_title(report->verdict), stream);
        ink(stream, style, PLAIN);
        fputs(": ", stream);
        print_harmless(stream, report->reason == NULL ? "" : report->reason);
    }
    putc('\n', stream);
    if (style->details && report->error == NULL)
        print_details(stream, report, style);
}

/* --- the width of the terminal --- */

/* Where the character or the color behind this one begins; `column` grows by what it takes. */
static const char *step(const char *at, size_t *column)
{
    if (*at == ESCAPE)
        return at + strcspn(at, "m") + 1;
    size_t length = character_length(at);
    ++*column;
    return at + (length > 0 ? length : 1);
}

/* How much of the text fits, up to a blank or its end; a word that is longer stays whole. */
static size_t fitting(const char *text, size_t room)
{
    size_t column = 0, fits = 0;
    for (const char *at = text;; at = step(at, &column)) {
        if (*at != ' ' && *at != '\0')
            continue;
        if (fits > 0 && column > room)
            return fits;
        fits = (size_t)(at - text);
        if (*at == '\0')
            return fits;
    }
}

/* One line, with what goes on below its words: those of a place, of a gap, or the first. */
static void print_fitting(FILE *stream, const char *line, size_t columns)
{
    size_t begin = strspn(line, " ");
    size_t indent = begin >= PLACE_INDENT ? begin + 2 : begin >= GAP_INDENT ? PLACE_INDENT : GAP_INDENT;
    size_t room = columns - begin;
    fprintf(stream, "%*s", (int)begin, "");
    for (const char *at = line + begin;;) {
        size_t length = fitting(at, room);
        fprintf(stream, "%.*s", (int)length, at);
        at += length;
        at += strspn(at, " ");
        if (*at == '\0')
            break;
        fprintf(stream, "\n%*s", (int)indent, "");
        room = columns - indent;
    }
    putc('\n', stream);
}

/* Without memory, or where there is no terminal, the lines are as long as they are. */
static void print_fitted(FILE *stream, const struct report *report, const struct check_style *style)
{
    char *text = NULL;
    size_t size;
    FILE *memory = terminal_width >= COLUMNS_LEAST ? open_memstream(&text, &size) : NULL;
    print_report(memory != NULL ? memory : stream, report, style);
    if (memory == NULL)
        return;
    bool whole = fclose(memory) == 0;
    char *rest = text;
    for (char *line; whole && (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
        print_fitting(stream, line, terminal_width);
    free(text);
}

/* Where a report belongs: 0 could not be checked, then the verdicts from the worst, then what is no program. */
static unsigned group_of(const struct report *report)
{
    static const unsigned groups[VERDICT_COUNT] = {
        [VERDICT_OUT_OF_REACH] = 1, [VERDICT_PARTLY] = 2,     [VERDICT_SHIM] = 3,
        [VERDICT_READY] = 4,        [VERDICT_NO_NETWORK] = 5,
    };
    enum { SKIPPED = 6 };
    return report->error != NULL ? 0 : report->skipped ? SKIPPED : groups[report->verdict];
}

void check_print(FILE *stream, struct report *const *reports, size_t count, const struct check_style *style)
{
    enum { READY_GROUP = 4, GROUPS = 7 };
    /* of one program, of several */
    static const char *const summaries[GROUPS][2] = {
        {"could not be checked", "could not be checked"},
        {"is out of the shim's reach", "are out of the shim's reach"},
        {"works under the shim in part", "work under the shim in part"},
        {"works under the shim", "work under the shim"},
        {"speaks IPv6", "speak IPv6"},
        {"uses no network", "use no network"},
        {"is no program", "are no programs"},
    };
    size_t sums[GROUPS] = {0}, total = 0;
    terminal_width = terminal_columns(stream);
    for (unsigned group = 0; group < GROUPS; group++)
        for (size_t index = 0; index < count; index++) {
            if (reports[index] == NULL || group_of(reports[index]) != group)
                continue;
            sums[group]++;
            total++;
            if (count == 1 || group < READY_GROUP || (style->all && (group == READY_GROUP || !style->used_only)))
                print_fitted(stream, reports[index], style);
        }
    if (count == 1)
        return;
    fprintf(stream, "%zu checked:%s", total, total == 0 ? " there is no program among what was named" : "");
    for (unsigned group = 0, printed = 0; group < GROUPS; group++)
        if (sums[group] > 0)
            fprintf(stream, "%s %zu %s", printed++ > 0 ? "," : "", sums[group], summaries[group][sums[group] != 1]);
    putc('\n', stream);
}
