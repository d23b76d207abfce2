/*
 * An event of a trace as `v6shim trace` reads it: core/events/event.h after its way through JSON.
 */
#ifndef V6SHIM_COMMAND_TRACE_EVENT_H
#define V6SHIM_COMMAND_TRACE_EVENT_H

#include <json-c/json.h>

#include "core/events/event.h"

#define TRACE_NAME_SIZE   512 /* 253 bytes, each of which may be two in UTF-8 */
#define TRACE_ERROR_SIZE  32
#define TRACE_REASON_SIZE 512

/* No machine is up for longer: what is reckoned with times stays in range. */
#define TRACE_TIME_MAX_US INT64_C(1000000000000000)

enum trace_result { TRACE_NO_RESULT, TRACE_OK, TRACE_STARTED, TRACE_FAILED };

struct trace_event {
    enum event_type type;
    int64_t time_us; /* 0 to TRACE_TIME_MAX_US */
    int64_t pid;     /* LINE_PID_MIN to INT32_MAX */
    int fd;          /* not negative, or EVENT_NO_FD */
    char name[TRACE_NAME_SIZE];
    size_t candidate_count;
    char candidates[EVENT_CANDIDATES_MAX][ADDRESS_TEXT_SIZE]; /* the characters of addresses */
    unsigned port;                                            /* 16 bits */
    enum trace_result result;
    char error[TRACE_ERROR_SIZE]; /* "ECONNREFUSED", or "unknown"; "": none is told */
    unsigned lost;
    bool datagram;
    char shown[ADDRESS_TEXT_SIZE], winner[ADDRESS_TEXT_SIZE]; /* the characters of addresses; "": none */
    unsigned seconds;
    char reason[TRACE_REASON_SIZE]; /* "": none is told */
};

/* Reads an object; false where it is none of ours, or has any field that none of ours could have (line_field.h). */
bool trace_event_read(json_object *object, struct trace_event *event);

/* An error in words: "Connection refused (ECONNREFUSED)". */
const char *trace_error_words(const char *error, char *words, size_t size);

#endif
