/*
 * Lines in the FIFO of `v6shim check --run`, with the reports that are made of them: nothing crashes or hangs, and no
 * control character gets through.
 *
 * sources: src/check/run/line.c src/check/run/program.c src/check/run/gaps.c src/check/run/words.c
 * sources: src/command/common/line_field.c src/check/file/report.c src/check/report/print.c
 * sources: src/check/report/fit.c src/check/report/summary.c src/check/report/earlier.c
 * sources: src/check/report/json.c src/check/file/verdict.c src/check/file/calls.c
 * sources: src/check/elf/image.c src/check/elf/x86.c src/check/elf/x86_state.c src/check/file/gaps.c
 * sources: src/command/common/program.c src/command/common/elf_header.c src/command/common/command.c
 * sources: src/command/common/log_stderr.c
 * libraries: -ljson-c -lelf
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "check/file/file.h"
#include "check/report/json.h"
#include "check/report/print.h"
#include "check/run/gaps.h"
#include "command/common/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MOST 300

/* What opens files is not part of it: whichever path a line names, nothing is known of it. */
struct elf_place run_place_find(struct run_places *places, const char *object, uint64_t offset)
{
    (void)places;
    return (struct elf_place){.function = offset % 2 == 0 ? object : NULL};
}

const char *run_place_short_text(struct run_places *places, const char *object, uint64_t offset, unsigned size)
{
    (void)places;
    return offset % 3 == 0 && size > 0 ? object : NULL;
}

bool run_place_holds(struct run_places *places, const char *object, const void *bytes, size_t count, size_t *place)
{
    (void)places;
    *place = count;
    return memcmp(object, bytes, 1) < 0;
}

const facts_t facts_for = 0x5555;

const char *check_describe(struct report *report, facts_t facts)
{
    (void)report;
    return facts % 2 == 0 ? "" : "described";
}

void check_conclude_ipv4(struct report *report, facts_t facts)
{
    report->verdict = facts % 2 == 0 ? VERDICT_SHIM : VERDICT_PARTLY;
    report->reason = "IPv4";
}

static void check_output(const char *printed, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)printed[i], next = i + 1 < size ? (unsigned char)printed[i + 1] : 0;
        if ((byte < ' ' && byte != '\n') || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
            abort();
    }
}

static void report_all(const struct run_programs *programs, unsigned how)
{
    struct report *reports[LINES_MOST + 1];
    struct run_places places = {0};
    size_t count = 0, size = 0;
    char *printed = NULL;
    for (const struct run_program *program = programs->list; program != NULL; program = program->next)
        reports[count++] = run_report(program, &places);
    for (size_t i = 0; i < count; i++)
        json_object_put(report_to_json(reports[i]));
    struct check_style style = {.all = how % 2 != 0, .used_only = how % 3 == 0, .details = how % 5 != 0};
    FILE *output = open_memstream(&printed, &size);
    check_print(output, reports, count, &style);
    fclose(output);
    check_output(printed, size);
    free(printed);
    for (size_t i = 0; i < count; i++)
        report_free(reports[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_tokener *tokener;
    struct run_programs programs = {0};
    if (size == 0)
        return 0;
    if (tokener == NULL)
        tokener = json_tokener_new();
    const char *at = (const char *)data + 1, *end = (const char *)data + size;
    for (int lines = 0; at < end && lines < LINES_MOST; lines++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);
        struct run_line *line = run_line_read(tokener, at, length);
        if (line != NULL)
            run_programs_take(&programs, line);
        at += length + 1;
    }
    report_all(&programs, data[0]);
    run_programs_free(&programs);
    return 0;
}
