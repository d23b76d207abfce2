/*
 * An observation (core/events/observation.h) as v6shim check --run reads it.
 */
#ifndef V6SHIM_CHECK_RUN_LINE_H
#define V6SHIM_CHECK_RUN_LINE_H

#include <json-c/json.h>

#include "core/events/observation.h"

#define RUN_LINE_NAME_MAX 1200 /* bytes of a name or a call: 600 are told, each of which may be two in UTF-8 */

struct run_line {
    struct observation observation; /* its texts are the object's, its origin is the one below, or NULL */
    struct origin origin;
    json_object *object;
    struct run_line *next;
};

/* Reads a line; NULL for one that is none of ours or has any field that none of ours could have (line_field.h), or
   without memory. */
struct run_line *run_line_read(json_tokener *tokener, const char *text, size_t length);
void run_line_free(struct run_line *line);

/* Whether both say the same, whichever process made the call and on whichever socket. */
bool run_line_equal(const struct run_line *left, const struct run_line *right);
uint64_t run_line_hash(const struct run_line *line);

#endif
