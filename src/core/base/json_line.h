/*
 * The fields of an object in a line of JSON (RFC 8259): what events (event.h) and observations (observation.h) are
 * made of. The command reads them by command/common/line_field.h.
 *
 * The text is one on which the caller has written "{"; he ends it by "}". A comma comes before each field but the
 * first. Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_BASE_JSON_LINE_H
#define V6SHIM_CORE_BASE_JSON_LINE_H

#include "core/base/text.h"

/* The name of a field, for a value that the caller adds. */
void json_line_key(struct text *text, const char *key);

void json_line_number(struct text *text, const char *key, int64_t number);

/* As text_add_json(). */
void json_line_string(struct text *text, const char *key, const char *string, size_t most);

#endif
