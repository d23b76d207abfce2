/*
 * For the time in which something is held that must not be left behind (a descriptor, a lock): all signals blocked,
 * so that no handler can jump away, and cancellation off. Two system calls each way at most; never across a long
 * wait. Async-signal-safe; errno left alone.
 */
#ifndef V6SHIM_PRELOAD_BASE_CRITICAL_SECTION_H
#define V6SHIM_PRELOAD_BASE_CRITICAL_SECTION_H

#include <pthread.h>
#include <signal.h>

struct critical_section {
    sigset_t signals;
    int cancellation;
};

/* pthread_sigmask, not the raw call: setuid() in another thread needs the one signal that it leaves open. Not inline:
   what holds a section mostly calls deep, and the set of all signals would stay on the stack below it. */
__attribute__((noinline, unused)) static void critical_section_block(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, before);
}

static inline void critical_section_enter(struct critical_section *section)
{
    critical_section_block(&section->signals);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &section->cancellation);
}

static inline void critical_section_leave(const struct critical_section *section)
{
    pthread_setcancelstate(section->cancellation, NULL);
    pthread_sigmask(SIG_SETMASK, &section->signals, NULL);
}

#endif
