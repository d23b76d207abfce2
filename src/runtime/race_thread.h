/*
 * The thread that carries on the races of programs which don't wait for them. Made when the first one needs it; it
 * ends when there has been nothing to do for a while. All signals are blocked in it.
 */
#ifndef V6SHIM_RUNTIME_RACE_THREAD_H
#define V6SHIM_RUNTIME_RACE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* Makes sure that the thread runs. False where it can't be made, or this may be a signal handler: creating a thread
   is not safe there, so a signal mask that isn't empty prevents it. */
bool race_thread_ensure(void);

/* Watches a descriptor of a race: events come to background_event with these numbers. 0 or -errno. */
int race_thread_watch(int fd, uint32_t events, uint32_t item, uint32_t generation, unsigned lane);
void race_thread_unwatch(int fd);

/* A race was added: its time may be the next. */
void race_thread_wake(void);

/* Ends the thread where nothing is under way, and waits for that; false where a race is. For calls that the kernel
   refuses to a process with several threads. */
bool race_thread_end(void);

/* In the child of a fork there is no thread; its descriptors are closed. */
void race_thread_after_fork(void);

#endif
