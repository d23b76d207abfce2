/*
 * Draws where the time went: a row for each thing that took time, a bar against the clock.
 */
#ifndef V6SHIM_COMMAND_TRACE_TIMELINE_H
#define V6SHIM_COMMAND_TRACE_TIMELINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TIMELINE_LABEL_SIZE 96
#define TIMELINE_NOTE_SIZE  64

/* How a row ended; the last sign of its bar. */
#define TIMELINE_ENDINGS(ENDING)                                \
    ENDING(ANSWERED, '|', "answer")                             \
    ENDING(WON, '*', "connected: the winner")                   \
    ENDING(CONNECTED, '+', "connected")                         \
    ENDING(FAILED, 'x', "failed")                               \
    ENDING(GIVEN_UP, '.', "given up, or closed by the program") \
    ENDING(HANDED, '>', "went on as the program's own")

enum timeline_ending {
#define ENDING(name, sign, words) TIMELINE_##name,
    TIMELINE_ENDINGS(ENDING)
#undef ENDING
        TIMELINE_ENDING_COUNT
};

struct timeline_row {
    int64_t start_us, end_us; /* since the program was started; the end is not before the start */
    enum timeline_ending ending;
    char label[TIMELINE_LABEL_SIZE];
    char note[TIMELINE_NOTE_SIZE]; /* after the time that it took; may be "" */
};

/*
 * Draws the rows, which are in the order of their start, not wider than `columns` (at least 60 are used). Where
 * nothing happened for long, another scale begins. Rows beyond `limit` are only counted.
 */
void timeline_draw(FILE *stream, const struct timeline_row *rows, size_t count, size_t limit, unsigned columns);

#endif
