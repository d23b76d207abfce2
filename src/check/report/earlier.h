/*
 * What an earlier report said, and what is to be ignored: findings that are not counted, and what has changed since.
 */
#ifndef V6SHIM_CHECK_REPORT_EARLIER_H
#define V6SHIM_CHECK_REPORT_EARLIER_H

#include <json-c/json.h>
#include <stdio.h>

#include "check/file/report.h"

/* Reports of an earlier check, by path. */
struct earlier {
    const char *name; /* of the file */
    struct report **reports;
    size_t count;
};

/* Reads what `v6shim check --format=json` printed. Returns NULL, or what is wrong with the file. */
const char *earlier_read(struct earlier *earlier, const char *file);
void earlier_free(struct earlier *earlier);

/* Marks the gaps that the earlier report has too as `known`: those of the same program, in no more places, and
   covered by the shim now as then. NULLs among the reports are left out. */
void earlier_mark(const struct earlier *earlier, struct report *const *reports, size_t count);

enum change_kind { CHANGE_WORSE, CHANGE_NEW, CHANGE_BETTER, CHANGE_GONE };

/* One program, then and now. Its verdict differs, or its errors and warnings do. */
struct change {
    enum change_kind kind;
    const struct report *was, *is; /* NULL: not there then; not there now */
};

struct changes {
    const char *since; /* the file's name */
    struct change *list;
    size_t count;
};

/* What has changed, the worst first; lives as long as both sides. New programs with nothing to do are left out. */
struct changes changes_find(const struct earlier *earlier, struct report *const *reports, size_t count);

/* "worse", "new", "better", "gone". */
const char *change_name(enum change_kind kind);

/* "works under the shim -> out of the shim's reach; more: [a], [b]; no longer: [c]" */
void change_describe(FILE *stream, const struct change *change);

json_object *changes_to_json(const struct changes *changes);

#endif
