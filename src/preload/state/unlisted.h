/*
 * Remembers of which aliases the file of names has no list: a program that connects to an alias which was typed as a
 * number asks at each connect(), and opening the file with all its checks takes a dozen system calls. What is
 * remembered holds as long as the file is the same and was not changed (its inode and its ctime say so, in one system
 * call), in whichever process. A table of fixed size in this process; a forked child's is as good as its parent's.
 *
 * Async-signal-safe, no lock, errno kept.
 */
#ifndef V6SHIM_PRELOAD_STATE_UNLISTED_H
#define V6SHIM_PRELOAD_STATE_UNLISTED_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/state/state_file.h"

/* A file as it was when it was looked at. One that is not there is one as well. */
struct unlisted_file {
    uint32_t version; /* a hash of what changes with it; 0: that can't be told */
    int64_t changed_s;
};

/* The file as it is now: to be asked before it is read. */
struct unlisted_file unlisted_look(const struct state_place *place, const char *name);

/* Whether nothing was found for this alias in that very file. */
bool unlisted_is(struct in_addr alias, const struct unlisted_file *file);

/* Nothing was found. Not remembered of a file that was changed so lately that the next change might have the same
   time. */
void unlisted_note(struct in_addr alias, const struct unlisted_file *file);

#endif
