/* What a thread of this process is, seen from the modules that make threads. */
#ifndef V6SHIM_PRELOAD_THREAD_OUR_THREAD_H
#define V6SHIM_PRELOAD_THREAD_OUR_THREAD_H

enum our_thread {
    THREAD_NOT_OURS,
    THREAD_OURS,
    THREAD_MAYBE_OURS /* ours had this number and is over, or one of ours that starts has not said its number yet */
};

#endif
