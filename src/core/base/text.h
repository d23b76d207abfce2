/*
 * Builds one line of text in memory that the caller gives: what the log uses instead of stdio, which is not safe in a
 * signal handler. Text that does not fit is cut; the result always ends with NUL.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_BASE_TEXT_H
#define V6SHIM_CORE_BASE_TEXT_H

#include "core/address/address.h"

struct text {
    char *data;
    size_t size;   /* bytes at data, at least 1 */
    size_t length; /* characters written, without the NUL: below size */
};

struct text text_on(char *data, size_t size);
void text_add(struct text *text, const char *string); /* NULL adds "(null)" */
void text_add_bytes(struct text *text, const char *bytes, size_t count);
void text_add_number(struct text *text, int64_t number);
void text_add_unsigned(struct text *text, uint64_t number);
void text_add_address(struct text *text, const struct ip_address *address);
/* Text from outside (a name, a path): quotes, backslashes and all but printable ASCII shown as \xHH, so that a log
   line stays one line and a terminal is not steered by it. Adds no quotes around it: where a value may hold spaces,
   the caller puts them. */
void text_add_quoted(struct text *text, const char *string);
/* A JSON string (RFC 8259 section 7), quotes included: what is not printable ASCII as \u00HH, byte by byte, so that
   it is good JSON whatever the bytes are. What goes beyond `most` characters is left out, and the quotes are still
   closed as long as the text has room. */
void text_add_json(struct text *text, const char *string, size_t most);

#endif
