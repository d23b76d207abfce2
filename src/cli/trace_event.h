/*
 * An event of a trace as `v6shim trace` reads it: core/event.h after its way through JSON.
 */
#ifndef V6SHIM_CLI_TRACE_EVENT_H
#define V6SHIM_CLI_TRACE_EVENT_H

#include <json-c/json.h>

#include "core/event.h"

#define TRACE_NAME_SIZE  256
#define TRACE_ERROR_SIZE 32

enum trace_result { TRACE_NO_RESULT, TRACE_OK, TRACE_STARTED, TRACE_FAILED };

struct trace_event {
    enum event_type type;
    int64_t time_us;
    int64_t pid;
    int fd;
    char name[TRACE_NAME_SIZE];
    size_t candidate_count;
    char candidates[EVENT_CANDIDATES_MAX][ADDRESS_TEXT_SIZE];
    unsigned port;
    enum trace_result result;
    char error[TRACE_ERROR_SIZE]; /* "ECONNREFUSED"; "": not known */
    unsigned lost;
};

/* Reads an object; false where it is none of ours. */
bool trace_event_read(json_object *object, struct trace_event *event);

/* An error in words: "Connection refused (ECONNREFUSED)". */
const char *trace_error_words(const char *error, char *words, size_t size);

#endif
