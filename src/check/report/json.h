/*
 * Reports as JSON, and back: what `v6shim check --json` prints and what a worker hands to the command. The schema is
 * in docs/check-json.md.
 */
#ifndef V6SHIM_CHECK_REPORT_JSON_H
#define V6SHIM_CHECK_REPORT_JSON_H

#include <json-c/json.h>

#include "check/file/report.h"

#define CHECK_JSON_SCHEMA                                                                     \
    1 /* raised when something is removed or changes its meaning, not when something is added \
       */

/* A text, or NULL without memory. Where it isn't UTF-8 it is written byte for byte as U+0000 to U+00FF. */
json_object *json_text(const char *text);

/* A new object, or NULL without memory. Text that isn't UTF-8 is written byte for byte as U+0000 to U+00FF. */
json_object *report_to_json(const struct report *report);

/* The top object with an empty list of programs. */
json_object *report_list_to_json(bool complete, json_object **programs);

/* A new report, or NULL where the object is none. */
struct report *report_from_json(json_object *object);

#endif
