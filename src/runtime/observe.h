/*
 * What the shim tells: one line for a message, written with one write() to standard error or to the log file.
 *
 * All functions are async-signal-safe, take no lock, allocate nothing and keep errno. The log file is opened for each
 * line (O_APPEND), since a descriptor that stays open could be closed by the program and its number given to a file
 * of the program's. Standard error is written only while it is what it was at the start, and never where it is an
 * Internet socket (a service under inetd): a log line must not reach a peer.
 */
#ifndef V6SHIM_RUNTIME_OBSERVE_H
#define V6SHIM_RUNTIME_OBSERVE_H

#include "core/text.h"

enum observe_level { OBSERVE_QUIET, OBSERVE_ERROR, OBSERVE_WARNING, OBSERVE_INFO, OBSERVE_DEBUG };

/* Longest line, prefix and newline included; what doesn't fit is cut. */
#define OBSERVE_LINE_SIZE 512

/* Remembers what standard error is now. Called once at start; before it, lines go to standard error unseen. */
void observe_start(void);

/* Sets what is wanted and where it goes; `log_file` NULL or "" is standard error. The string must stay. */
void observe_to(enum observe_level level, const char *log_file);

/* Whether a line of this level would be written: ask before making an expensive one. */
bool observe_wants(enum observe_level level);

/* Writes the line, if wanted, with "libv6shim[pid]: " before it. A log file that can't be opened is said once. */
void observe_line(enum observe_level level, const struct text *line);

/* The common cases in one call. The second adds ": " and the name of an error number ("ENOSPC: ..." in words). */
void observe(enum observe_level level, const char *message);
void observe_error(enum observe_level level, const char *message, const char *subject, int error);

/* An attempt to connect: `result` is 0 connected, -EINPROGRESS started, else -errno. */
void observe_attempt(const struct ip_address *candidate, uint16_t port, int result);

#endif
