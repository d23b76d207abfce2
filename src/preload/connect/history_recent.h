/*
 * What the history said of a list of candidates a moment ago. To look at it takes a dozen system calls and four for
 * each address, and a program that connects to one name again and again hears the same. It holds for a second: so
 * late does a process notice what others have found out, or that the host has moved. What it writes itself it knows
 * at once, unless another thread has asked in that instant.
 *
 * A table of fixed size, without a lock: an entry that two threads have torn is none. Async-signal-safe, errno kept.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_HISTORY_RECENT_H
#define V6SHIM_PRELOAD_CONNECT_HISTORY_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address/address.h"

/* A list in its order. */
uint64_t history_recent_key(const struct ip_address *addresses, unsigned count);

/* Which of them had lost, as bits of their places. False where that was not asked lately. */
bool history_recent_find(uint64_t key, int64_t now_ms, uint32_t *lost);
void history_recent_keep(uint64_t key, uint32_t lost);

/* The history has been written to. */
void history_recent_forget(void);

#endif
