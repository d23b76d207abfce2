/*
 * The checker on files that are no real programs: whatever the bytes, an answer, and no access outside them.
 *
 * sources: src/check/file/calls.c src/check/static/dynamic.c src/check/file/file.c
 * sources: src/check/file/library.c src/check/file/object.c src/check/file/report.c
 * sources: src/check/script/script.c src/check/static/static.c src/check/static/texts.c
 * sources: src/check/file/verdict.c src/check/report/json.c src/check/elf/code.c
 * sources: src/check/elf/image.c src/check/elf/search.c src/check/elf/where.c src/check/elf/x86.c
 * sources: src/check/elf/x86_state.c src/check/script/language.c src/check/file/gaps.c
 * sources: src/command/common/program.c src/command/common/elf_header.c src/command/common/command.c
 * sources: src/check/elf/conf.c
 * libraries: -lelf -ldw -ljson-c
 */
#include <stdlib.h>
#include <string.h>

#include "check/file/file.h"
#include "check/report/json.h"
#include "command/common/preload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is installed on this machine is nothing of the file's. */
bool preload_has_musl(char file[PATH_MAX])
{
    file[0] = '\0';
    return false;
}

bool preload_has_class(const struct program *program)
{
    (void)program;
    return false;
}

/* What is said must survive the way from a worker to the command. */
static void travel(const struct report *report)
{
    json_object *object = report_to_json(report);
    struct report *copy = report_from_json(object);
    if (copy == NULL || copy->verdict != report->verdict)
        abort();
    for (const struct report_gap *gap = report->gaps; gap != NULL; gap = gap->next)
        if (report_find_gap(copy, gap->number) == NULL)
            abort();
    report_free(copy);
    json_object_put(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct checker checker;
    static struct program native;
    if (checker.libraries == NULL)
        checker_know_native(&native);
    if (checker.libraries == NULL && !checker_begin(&checker, &native))
        abort();
    struct elf_image image;
    const char *problem = NULL;
    uint8_t *copy = malloc(size == 0 ? 1 : size); /* of the exact size, where the sanitizer sees every byte past it */
    memcpy(copy, data, size);
    if (elf_image_from_memory(copy, size, &image, &problem) != 0) {
        if (problem == NULL)
            abort();
        free(copy);
        return 0;
    }
    struct report *report = report_new("/fuzz");
    if (check_is_go(&image) && (check_go(report, &image) || image.program.kind != PROGRAM_DYNAMIC))
        ;
    else if (image.program.kind == PROGRAM_STATIC || image.program.kind == PROGRAM_STATIC_PIE)
        check_static(report, &image);
    else
        check_dynamic(&checker, report, &image, NULL);
    report_sort(report);
    travel(report);
    report_free(report);
    elf_image_close(&image);
    free(copy);
    return 0;
}
