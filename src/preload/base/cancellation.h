/*
 * Cancellation off for the rest of a block, where a descriptor is held, or where the program has called something
 * that is no cancellation point and we call what is one (close, connect, sendto). Two calls of libc, no system call.
 * Async-signal-safe; errno kept. Where signals have to wait too: preload/base/critical_section.h. Inside guarded
 * hooks it is off already: preload/base/guard.h.
 */
#ifndef V6SHIM_PRELOAD_BASE_CANCELLATION_H
#define V6SHIM_PRELOAD_BASE_CANCELLATION_H

#include <pthread.h>

static inline int cancellation_off(void)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void cancellation_restore(const int *before)
{
    pthread_setcancelstate(*before, NULL);
}

#define CANCELLATION_OFF(name) int name __attribute__((cleanup(cancellation_restore), unused)) = cancellation_off()

#endif
