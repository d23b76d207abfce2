/* Draws rows against the clock; called by v6shim trace at the end. */
#include "command/trace/timeline.h"

#include <stdbool.h>
#include <string.h>

#define US_PER_MS 1000

#define COLUMNS_MIN   60u
#define COLUMNS_MAX   200u
#define LABEL_MIN     10u
#define LABEL_MAX     44u
#define BAR_MIN       16u
#define TIME_WIDTH    10u /* "12345.6 ms" */
#define GAP           2u  /* before and after a column */
#define TICK_DISTANCE 8u  /* columns at least */

/* So long a pause, and longer than all before it in the section, begins a new section. */
#define PAUSE_MIN_US (1000 * US_PER_MS)

struct section {
    const struct timeline_row *rows;
    size_t count;
    int64_t start_us, end_us, step_us;
    unsigned label, bar; /* widths */
};

static char sign_of(enum timeline_ending ending)
{
    static const char signs[] = {
#define ENDING(name, sign, words) sign,
        TIMELINE_ENDINGS(ENDING)
#undef ENDING
    };
    return signs[ending];
}

/* The rows of one scale. */
static struct section cut_section(const struct timeline_row *rows, size_t count)
{
    struct section section = {.rows = rows, .start_us = rows[0].start_us, .end_us = rows[0].end_us};
    for (size_t i = 0; i < count; i++) {
        int64_t pause_us = rows[i].start_us - section.end_us;
        if (pause_us > PAUSE_MIN_US && pause_us > section.end_us - section.start_us)
            break;
        if (rows[i].end_us > section.end_us)
            section.end_us = rows[i].end_us;
        section.count++;
    }
    return section;
}

static void set_widths(struct section *section, unsigned columns)
{
    size_t label = 0, note = 0;
    for (size_t i = 0; i < section->count; i++) {
        size_t label_length = strlen(section->rows[i].label), note_length = strlen(section->rows[i].note);
        label = label_length > label ? label_length : label;
        note = note_length > note ? note_length : note;
    }
    columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    unsigned rest = 4 * GAP + TIME_WIDTH + (unsigned)note;
    section->label = label < LABEL_MAX ? (unsigned)label : LABEL_MAX;
    while (section->label > LABEL_MIN && section->label + BAR_MIN + rest > columns)
        section->label--;
    unsigned used = section->label + rest;
    section->bar = columns > used + BAR_MIN ? columns - used : BAR_MIN;
}

static unsigned column_of(const struct section *section, int64_t time_us)
{
    int64_t length_us = section->end_us - section->start_us;
    return length_us == 0 ? 0 : (unsigned)((time_us - section->start_us) * (section->bar - 1) / length_us);
}

/* 1, 2 or 5 times a power of ten: the smallest that leaves the numbers room. */
static int64_t find_step_us(const struct section *section)
{
    static const int factors[] = {2, 5, 10};
    int64_t decade_us = 1, length_us = section->end_us - section->start_us;
    for (;; decade_us *= 10)
        for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
            int64_t step_us = decade_us * factors[i];
            if (length_us == 0 || step_us * (section->bar - 1) / length_us >= TICK_DISTANCE)
                return step_us;
        }
}

/* The scale begins at a tick. */
static void set_scale(struct section *section)
{
    section->step_us = find_step_us(section);
    section->start_us -= section->start_us % section->step_us;
}

static void draw_scale(FILE *stream, const struct section *section)
{
    char line[COLUMNS_MAX + 1];
    int64_t step_us = section->step_us;
    memset(line, ' ', sizeof line);
    size_t end = 0;
    for (int64_t tick_us = section->start_us; tick_us <= section->end_us; tick_us += step_us) {
        char number[32];
        int length = step_us >= US_PER_MS ? snprintf(number, sizeof number, "%lld", (long long)(tick_us / US_PER_MS))
                                          : snprintf(number, sizeof number, "%.3f", (double)tick_us / US_PER_MS);
        unsigned column = column_of(section, tick_us);
        if (column + (size_t)length >= section->bar)
            break;
        memcpy(line + column, number, (size_t)length);
        end = column + (size_t)length;
    }
    line[end] = '\0';
    fprintf(stream, "  %-*s  %s ms\n", (int)section->label, "", line);
}

static void draw_row(FILE *stream, const struct section *section, const struct timeline_row *row)
{
    char bar[COLUMNS_MAX + 1];
    unsigned first = column_of(section, row->start_us), last = column_of(section, row->end_us);
    memset(bar, ' ', sizeof bar);
    memset(bar + first, '-', last - first);
    bar[last] = sign_of(row->ending);
    /* A label is never cut, since a number without its end is another number: a long one has a line of its own. */
    const char *label = row->label;
    if (strlen(label) > section->label) {
        fprintf(stream, "  %s\n", label);
        label = "";
    }
    fprintf(stream, "  %-*s  %.*s  %7.1f ms%s%s\n", (int)section->label, label, (int)section->bar, bar,
            (double)(row->end_us - row->start_us) / US_PER_MS, row->note[0] != '\0' ? "  " : "", row->note);
}

static void draw_legend(FILE *stream, const struct timeline_row *rows, size_t count)
{
    static const char *const words[] = {
#define ENDING(name, sign, words) words,
        TIMELINE_ENDINGS(ENDING)
#undef ENDING
    };
    bool first = true;
    fputs("  ", stream);
    for (unsigned ending = 0; ending < TIMELINE_ENDING_COUNT; ending++) {
        bool used = false;
        for (size_t i = 0; i < count; i++)
            used |= rows[i].ending == (enum timeline_ending)ending;
        if (!used)
            continue;
        fprintf(stream, "%s%c %s", first ? "" : "   ", sign_of((enum timeline_ending)ending), words[ending]);
        first = false;
    }
    putc('\n', stream);
}

void timeline_draw(FILE *stream, const struct timeline_row *rows, size_t count, size_t limit, unsigned columns)
{
    size_t drawn = count < limit ? count : limit;
    if (drawn == 0)
        return;
    for (size_t place = 0; place < drawn;) {
        struct section section = cut_section(rows + place, drawn - place);
        set_widths(&section, columns);
        set_scale(&section);
        if (place > 0)
            putc('\n', stream);
        draw_scale(stream, &section);
        for (size_t i = 0; i < section.count; i++)
            draw_row(stream, &section, &section.rows[i]);
        place += section.count;
    }
    draw_legend(stream, rows, drawn);
    if (drawn < count)
        fprintf(stream, "  ...and %zu more\n", count - drawn);
}
