/*
 * A line of JSON, and its fields (core/base/json_line.h), that a process wrote into the FIFO of v6shim trace or
 * v6shim check --run. The line may be anybody's who runs in that process, and worse: a server that has given up root
 * still has the FIFO. So a field that is not of its type or not in its range makes the line none of ours.
 */
#ifndef V6SHIM_COMMAND_COMMON_LINE_FIELD_H
#define V6SHIM_COMMAND_COMMON_LINE_FIELD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_PID_MIN 1 /* less means groups of processes to the kernel */

/* The object that the line is, for the caller to put; NULL: it is none. */
json_object *line_read(json_tokener *tokener, const char *text, size_t length);

/* Reads a number; where the line has none, `value` is `otherwise`. False: no integer, or out of range. */
bool line_field_number(json_object *line, const char *key, int64_t least, int64_t most, int64_t otherwise,
                       int64_t *value);

/* Gives a string, which is the line's; NULL where it has none. False: no string, longer than `most` bytes, or with a
   NUL in it. */
bool line_field_text(json_object *line, const char *key, size_t most, const char **text);

/* Reads true or false; false where the line has none. */
bool line_field_flag(json_object *line, const char *key, bool *flag);

#endif
