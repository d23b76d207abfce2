/*
 * Lines to a command that listens (v6shim trace, v6shim check --run): each is written in one piece to a FIFO, or
 * file, that exists.
 *
 * While it is on, one descriptor at a high number stays open in the process, so that a program which changes its root
 * or its user later is still heard. Where the program has closed that, the path is opened again. Writing never waits,
 * and never raises SIGPIPE. When the path has been removed, nobody listens any more, and the channel closes.
 *
 * Async-signal-safe, no malloc, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_LOG_CHANNEL_H
#define V6SHIM_PRELOAD_LOG_CHANNEL_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/text.h"

#define CHANNEL_CLOSED (-1)

struct channel {
    char path[PATH_MAX];
    _Atomic int descriptor;
    _Atomic uint64_t device, inode; /* of what it is open on */
    _Atomic unsigned lost;          /* lines that could not be written, not told yet */
};

enum channel_outcome {
    CHANNEL_WRITTEN,
    CHANNEL_FULL, /* or no descriptor could be had: this line is lost */
    CHANNEL_GONE  /* for good */
};

/* Takes the path; false for one that is empty or too long. Opened with the first line. */
bool channel_start(struct channel *channel, const char *path);

/* Writes the line. `may_open`: whether a descriptor may be made now; not in a vfork() child, nor in a thread of ours.
 */
enum channel_outcome channel_write(struct channel *channel, const struct text *line, bool may_open);

#endif
