/*
 * The end of a process whose threads all end: libc calls exit(0) in the last one (pthread_exit(3)). A thread of ours
 * that still waits for a name server or a connection must not put that off, and is the wrong place for it: it may
 * have a table of descriptors of its own, so that what stdio holds back would be lost.
 */
#ifndef V6SHIM_PRELOAD_LAST_THREAD_H
#define V6SHIM_PRELOAD_LAST_THREAD_H

#include <stdbool.h>

/* Whether threads of ours are there: else the rest is libc's. A few loads; a system call for each recent lookup. */
bool last_thread_has_company(void);

/* Whether all other threads are ours, by /proc/self/task: false where it can't be read. May wait for threads that are
   just starting or ending. Async-signal-safe; errno is not kept. */
bool last_thread_is_alone(void);

/*
 * In a thread of the program's, when the destructors of its data have run: calls exit(0) where only threads of ours
 * are left beside it, by /proc/self/task. Threads that end at once see each other's marks, so that one of them does.
 * Returns where another thread of the program's is there, or where /proc can't be read. May wait for threads that are
 * just starting or ending. No lock is held in exit().
 */
void last_thread_end(void);

#endif
