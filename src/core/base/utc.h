/*
 * Points in time as text (RFC 3339), in UTC: libc's functions for that take locks and read files of time zones.
 * Pure, async-signal-safe.
 */
#ifndef V6SHIM_CORE_BASE_UTC_H
#define V6SHIM_CORE_BASE_UTC_H

#include "core/base/text.h"

/* Adds seconds since 1970 as "2026-11-28T22:14:05Z"; for the years 1970 to 9999. */
void text_add_utc(struct text *text, int64_t seconds);

#endif
