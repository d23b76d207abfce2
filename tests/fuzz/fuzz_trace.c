/*
 * Lines in the FIFO of `v6shim trace`, with all that is printed of them behind: nothing crashes, hangs or leaves its
 * range, and no control character gets through. Numbers are reckoned with as the command does it.
 *
 * sources: src/command/trace/event.c src/command/trace/story.c src/command/trace/timeline.c
 * sources: src/command/trace/print.c src/command/common/line_field.c src/command/common/command.c
 * sources: src/command/common/log_stderr.c
 * libraries: -ljson-c
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "command/common/command.h"
#include "command/common/line_field.h"
#include "command/trace/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START_US   1000000
#define LINES_MOST 200

static json_tokener *tokener;
static FILE *output;
static char *printed;
static size_t printed_size;

static void take(struct story *story, const char *line, size_t length, bool json)
{
    struct trace_event event;
    struct story_facts facts;
    json_object *object = line_read(tokener, line, length);
    if (object != NULL && trace_event_read(object, &event)) {
        story_take(story, &event, &facts);
        if (json)
            trace_print_json(output, story, &event, &facts);
        else
            trace_print_words(output, story, &event, &facts);
        trace_print_program(output, story, &event, event.name);
    }
    json_object_put(object);
}

static void check_output(void)
{
    for (size_t i = 0; i < printed_size; i++) {
        unsigned char byte = (unsigned char)printed[i],
                      next = i + 1 < printed_size ? (unsigned char)printed[i + 1] : 0;
        if ((byte < ' ' && byte != '\n') || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct story story;
    if (size == 0)
        return 0;
    if (tokener == NULL)
        tokener = json_tokener_new();
    output = open_memstream(&printed, &printed_size);
    bool json = data[0] % 2 != 0;
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    story_begin(&story, START_US, 7);
    for (int lines = 0; at < end && lines < LINES_MOST; lines++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);
        take(&story, at, length, json);
        at += length + 1;
    }
    int64_t end_us = START_US + 5000000;
    story_end(&story, end_us);
    trace_print_end(output, &story, end_us, 0, json);
    timeline_draw(output, story.rows, story.count, 100, data[0]);
    for (size_t i = 0; i < story.count; i++)
        if (story.rows[i].end_us < story.rows[i].start_us ||
            (i > 0 && story.rows[i].start_us < story.rows[i - 1].start_us))
            abort();
    story_free(&story);
    fclose(output);
    check_output();
    free(printed);
    return 0;
}
