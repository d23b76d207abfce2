/*
 * What a thread of the program leaves behind when it ends inside a hook: cancelled where it slept, or by
 * pthread_exit() in a signal handler. The sockets of its race are closed, a socket's own time limit is set again, and
 * its lookups are given up. Where only threads of ours are left after it, the process ends (preload/last_thread.h).
 *
 * By the destructor of one key of thread-specific data. Not by pthread_cleanup_push(): its record lies on the stack,
 * and a siglongjmp out of the hook leaves it to libc, which would jump to it at the next cancellation.
 */
#ifndef V6SHIM_PRELOAD_THREAD_THREAD_END_H
#define V6SHIM_PRELOAD_THREAD_THREAD_END_H

#include <stdbool.h>

/* What is to be done then, from the rooms whose business it is. */
struct thread_end {
    void (*const *clean_up)(void); /* each of them, in each round of destructors; the last one is NULL */
    bool (*has_company)(void);     /* whether threads of ours are there; then, when all destructors have run: */
    void (*end_process)(void);     /* which returns where this was not the program's last thread */
};

/* At start: makes the key. */
void thread_end_start(const struct thread_end *actions);

/*
 * Asks for the destructor in this thread. libc has room in each thread for the first 32 keys of a process, and
 * allocates for later ones. Where the program's libraries have made so many before us, a caller who may be a signal
 * handler doesn't ask: what such a thread leaves behind is then left, unless it has looked up a name.
 */
enum thread_end_caller { THREAD_END_NO_HANDLER, THREAD_END_MAYBE_HANDLER };
void thread_end_watch(enum thread_end_caller caller);

#endif
