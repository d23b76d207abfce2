/* Breaks lines to fit the terminal; called by the printers of text in this folder, and by check/check.c and check/run
   for what the terminal can do. */
#include "check/report/fit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/common/command.h"

#define COLUMNS_LEAST 40u
#define COLUMNS_MOST  100u /* longer lines are hard to read */
#define ESCAPE        '\033'

size_t print_folded(FILE *stream, const char *text, size_t indent, size_t column, unsigned columns)
{
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

FILE *fit_begin(struct fit *fit, FILE *stream, unsigned columns)
{
    *fit = (struct fit){.stream = stream, .columns = columns};
    if (columns >= COLUMNS_LEAST)
        fit->memory = open_memstream(&fit->text, &fit->size);
    return fit->memory != NULL ? fit->memory : stream;
}

void fit_end(struct fit *fit)
{
    if (fit->memory == NULL)
        return;
    bool whole = fclose(fit->memory) == 0;
    char *rest = fit->text;
    for (char *line; whole && (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
        print_fitting(fit->stream, line, fit->columns);
    free(fit->text);
}

void ink(FILE *stream, bool color, enum ink ink)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[31m", "\033[33m", "\033[32m", "\033[2m"};
    if (color)
        fputs(codes[ink], stream);
}

enum ink severity_ink(enum gap_severity severity)
{
    return severity == GAP_ERROR ? RED : severity == GAP_WARNING ? YELLOW : DIM;
}

bool fit_has_cursor(FILE *stream)
{
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) == 1 && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

bool fit_has_colors(FILE *stream)
{
    const char *refused = getenv("NO_COLOR");
    return (refused == NULL || *refused == '\0') && fit_has_cursor(stream);
}
