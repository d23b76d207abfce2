/*
 * Something to be read by a process of a moment: it shares our memory, as a child of vfork() does, and has
 * descriptors of its own. So what it opens takes no number that the program expects to get, and finds one where the
 * program has none left. Used by the thread of races.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_OWN_TABLE_H
#define V6SHIM_PRELOAD_SYSTEM_OWN_TABLE_H

#include <stdbool.h>

/*
 * Calls `work` in it, with a copy of this thread's descriptors, and waits for its end. It may make system calls, and
 * must not change what libc keeps in memory. The program can't wait for that process by accident (it has no exit
 * signal). False where there can't be one.
 *
 * Async-signal-safe, with signals blocked; errno kept.
 */
bool own_table_run(void (*work)(void *), void *argument);

#endif
