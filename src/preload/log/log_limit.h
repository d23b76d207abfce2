/*
 * How often one kind of line may be written: ten times at once, and then once a minute, so that a program that does
 * the same thing again and again does not fill its log. In each process of its own.
 *
 * Async-signal-safe, no lock, errno kept.
 */
#ifndef V6SHIM_PRELOAD_LOG_LOG_LIMIT_H
#define V6SHIM_PRELOAD_LOG_LOG_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST       10u
#define LOG_LIMIT_INTERVAL_MS 60000

/* Of one kind of line; zero at first. */
struct log_limit {
    _Atomic int64_t arrival_ms; /* the state of core/base/rate.h */
};

/* Whether a line of this kind may be written now, which then counts as written. */
bool log_limit_allows(struct log_limit *limit);

#endif
