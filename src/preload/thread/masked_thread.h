/*
 * Threads of ours: no signal of the program's is ever delivered to one. As by pthread_attr_setsigmask_np(), which
 * only glibc since 2.32 has.
 */
#ifndef V6SHIM_PRELOAD_THREAD_MASKED_THREAD_H
#define V6SHIM_PRELOAD_THREAD_MASKED_THREAD_H

#include <pthread.h>
#include <signal.h>

/* pthread_create(), with all signals blocked in the new thread from its beginning. */
static inline int masked_thread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                                       void *context)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, attributes, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

#endif
