/*
 * The output of `v6shim trace`: a line for each event, in words or in JSON (docs/trace-json.md).
 */
#ifndef V6SHIM_COMMAND_TRACE_PRINT_H
#define V6SHIM_COMMAND_TRACE_PRINT_H

#include "command/trace/story.h"

/* A line in words. */
void trace_print_words(FILE *stream, const struct story *story, const struct trace_event *event,
                       const struct story_facts *facts);

/* Which program it is that decides from here on: `event` is the first one of it. */
void trace_print_program(FILE *stream, const struct story *story, const struct trace_event *event, const char *name);

/* The object of the event as JSON, its time since the start of the trace, and what the facts add. */
void trace_print_json(FILE *stream, const struct story *story, const struct trace_event *event,
                      const struct story_facts *facts);

/* How the program ended, as waitpid() says. */
void trace_print_end(FILE *stream, const struct story *story, int64_t time_us, int status, bool json);

#endif
