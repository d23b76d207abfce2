/*
 * The thread that carries on the races of programs which don't wait for them. Made when the first one needs it; it
 * ends when there has been nothing to do for a while. All signals are blocked in it.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_RACE_THREAD_H
#define V6SHIM_PRELOAD_CONNECT_RACE_THREAD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/thread/our_thread.h"

/* Makes sure that the thread runs. False where it can't be made, its descriptors were closed behind our back (it will
   notice by and by), or this may be a signal handler: `mask` is what was blocked before the caller blocked all. */
bool race_thread_ensure(const sigset_t *mask);

/* In a name lookup, which is no handler: makes the thread where a race has missed it. */
void race_thread_prepare(void);

/* Watches a descriptor of a race: events come to background_event with these numbers. 0 or -errno. */
int race_thread_watch(int fd, uint32_t events, uint32_t item, uint32_t generation, unsigned slot);
void race_thread_unwatch(int fd);

/* A race was added that wants to go on then: the thread is woken if it would sleep longer. */
void race_thread_wake(int64_t due_ms);

/* Ends the thread where nothing is under way, and waits for that; false where a race is. For calls that the kernel
   refuses to a process with several threads. */
bool race_thread_end(void);

/* Whether it is there, and what the thread of that number is. Async-signal-safe. */
bool race_thread_is_there(void);
enum our_thread race_thread_kind(int thread);

/* In the child of a fork there is no thread; its descriptors are closed. */
void race_thread_after_fork(void);

#endif
