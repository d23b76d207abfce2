/*
 * Shell patterns of our own: fnmatch() is libc's, may read the locale, and takes exponential time with some.
 *
 * `*` stands for any characters, none among them, and slashes too; `?` for one; `[abc]`, `[a-z]` for one of those,
 * `[!abc]` for one of no others; a backslash makes the next character stand for itself. All is in bytes, and upper
 * case is not lower case.
 *
 * Pure, async-signal-safe, errno left alone. Time is bounded by the product of the two lengths.
 */
#ifndef V6SHIM_CORE_SETTINGS_PATTERN_H
#define V6SHIM_CORE_SETTINGS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the pattern can be read to its end: false for a `[` without its `]`, and for a backslash with nothing
   behind it; `offset` then says where that stands. */
bool pattern_is_whole(const char *pattern, size_t length, size_t *offset);

/* Whether the pattern stands for the whole text. Never for a pattern that is not whole. */
bool pattern_matches(const char *pattern, size_t length, const char *text);

#endif
