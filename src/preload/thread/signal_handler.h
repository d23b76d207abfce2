/*
 * Whether the caller may be in a signal handler, where no thread can be made. Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_THREAD_SIGNAL_HANDLER_H
#define V6SHIM_PRELOAD_THREAD_SIGNAL_HANDLER_H

#include <signal.h>
#include <stdbool.h>

/* At start: remembers the signal mask that the process was given. */
void signal_handler_start(void);

/* A handler runs with its own signal blocked: signals are blocked now that were not at start. Also true for a program
   that blocks some by itself. */
bool signal_handler_may_run(void);

/* The same where these were blocked before the caller blocked all. */
bool signal_handler_may_have_run(const sigset_t *mask);

#endif
