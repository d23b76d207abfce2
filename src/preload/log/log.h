/*
 * What the shim tells: one line for a message, written with one write() to standard error or to the log file; and
 * one event for each decision, which the log (level info) and the trace (trace.h) turn into lines of their own.
 *
 * All functions are async-signal-safe, take no lock, allocate nothing and keep errno. Of the log file
 * see log_file.h. Writing raises no signal and does not wait (quiet_write.h). Standard error is written only while it
 * is what it was at the start, and never where it is an Internet socket (a service under inetd): a log line must not
 * reach a peer.
 */
#ifndef V6SHIM_PRELOAD_LOG_LOG_H
#define V6SHIM_PRELOAD_LOG_LOG_H

#include <stdatomic.h>
#include <stddef.h>

#include "core/events/event.h"
#include "core/settings/config.h"
#include "preload/base/hook.h"

/* Longest line, prefix and newline included; what doesn't fit is cut. */
#define LOG_LINE_SIZE 512

/* Remembers what standard error is now. Called once at start; before it, lines go to standard error unseen. */
void log_start(void);

/* Sets what is wanted and where it goes; `log_file` NULL or "" is standard error. The string must stay. */
void log_to(enum log_level level, const char *log_file);

/* While the process is root's: sees to it that the log file can be written to later, whatever user it then is. Called
   at start, and before a server may give up its rights. */
void log_keep_file(void);

/* Whether a line of this level would be written: ask before making an expensive one. */
bool log_wants(enum log_level level);

/* Writes the line, if wanted, with "libv6shim[pid] program: " before it, and in a file the time before that. A log
 * file that can't be opened is said once. */
void log_line(enum log_level level, const struct text *line);

/* The common cases in one call. The second adds ": " and the name of an error number ("ENOSPC: ..." in words). */
void log_message(enum log_level level, const char *message);
void log_error(enum log_level level, const char *message, const char *subject, int error);

/* Adds where lines go: to the log file of this name, to this terminal or file, or to some pipe or socket. */
void log_add_destination(struct text *text);

/* --- decisions: log_event.c --- */

/* Who wants to hear of them: bits. */
#define EVENTS_TO_LOG   1
#define EVENTS_TO_TRACE 2
extern _Atomic int log_decisions NEARBY;

/* Whether anybody does: one load, all that an event costs where nobody does. */
static inline bool log_wants_decisions(void)
{
    return __builtin_expect(atomic_load_explicit(&log_decisions, memory_order_relaxed) != 0, 0);
}

/* Whether it is to be traced: for what is no decision, and no news to a log. */
static inline bool log_wants_trace(void)
{
    return (atomic_load_explicit(&log_decisions, memory_order_relaxed) & EVENTS_TO_TRACE) != 0;
}

/* The event, with its time and process filled in, to all who want it. */
void log_event(struct event *event);

/* About a name: LOOKUP, ANSWER (with candidates), NO_IPV6, LATE, SILENT. */
void log_name(enum event_type type, const char *name, const struct ip_address *candidates, size_t count);

/* About the connection of a descriptor; `candidate` may be NULL. `result` as in struct event. */
void log_connection(enum event_type type, int fd, const struct ip_address *candidate, uint16_t port, int result);

/* An attempt to connect: `result` is 0 connected, -EINPROGRESS started, else -errno. */
void log_attempt(int fd, const struct ip_address *candidate, uint16_t port, int result);

#endif
