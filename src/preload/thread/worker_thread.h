/*
 * Work on a thread of its own, for a thread that wants the result and may not have the time to wait for it. Used
 * for the IPv6 half of name lookups only: allocates, so never on an async-signal-safe path.
 *
 * The thread blocks all signals and counts as being inside a hook. No lock is held while anybody waits, so that the
 * caller may leave worker_thread_wait() by siglongjmp or be cancelled in it: what it has to release then is its own
 * to remember. A child of fork() has no such threads.
 */
#ifndef V6SHIM_PRELOAD_THREAD_WORKER_THREAD_H
#define V6SHIM_PRELOAD_THREAD_WORKER_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/thread/our_thread.h"
#include "preload/thread/resolver_tries.h"

#define WORKER_THREAD_FOREVER_MS (-1)

struct worker_thread;

/*
 * Whose descriptors the work uses. Libc's resolver keeps a socket for as long as it waits, perhaps when its caller
 * has long gone on: under a number that the program expects to get, and which it may close, and give to another file,
 * into which libc would then write its question. With numbers of its own the work reaches no descriptor of the
 * program or of ours; what it logs to standard error is lost.
 */
enum worker_thread_numbers { WORKER_THREAD_SHARED_NUMBERS, WORKER_THREAD_OWN_NUMBERS };

/*
 * Starts work(argument) and returns a handle, NULL where no thread can be had (then nothing was started, and the
 * argument is still the caller's). Once the work is done and the handle released, free_argument(argument) is called.
 */
struct worker_thread *worker_thread_start(enum worker_thread_numbers numbers, void (*work)(void *argument),
                                          void (*free_argument)(void *argument), void *argument);

/* In the work: around what is asked of libc's resolver with that state (_res of this thread, or one of its own), so
   that worker_thread_abandon() and worker_thread_end_questions() can end it (preload/thread/resolver_tries.h). */
void worker_thread_asks(enum resolver_waits waits, struct __res_state *state);
void worker_thread_has_asked(void);

/* Waits until the work is done, at most `timeout_ms` from now. True where it is; only then the argument may be read.
 */
bool worker_thread_wait(struct worker_thread *worker, int64_t timeout_ms);

/* Whether such threads are there, or may be. Async-signal-safe, errno kept. */
bool worker_thread_is_there(void);

/* What the thread of that number is. Of a thread that started when WATCHED of them were there already we don't know.
   Async-signal-safe. */
enum our_thread worker_thread_kind(int thread);

/* The caller waits no longer; the work goes on. */
void worker_thread_release(struct worker_thread *worker);

/* The same, and nobody else has an interest in the work: no more questions are asked. */
void worker_thread_abandon(struct worker_thread *worker);

/* For calls that the kernel refuses to a process with several threads, where all others are such threads: no more
   questions are asked, and their threads waited for, `timeout_ms` at most. errno kept. */
void worker_thread_end_questions(int64_t timeout_ms);

/*
 * Around a fork. A child has libc's locks as they are at that moment, and one that a thread of ours holds stays
 * locked for ever there: that of resolv.conf, above all, which a lookup takes at its beginning and its end. So the
 * first fork after a lookup waits until its thread has ended, WORKER_THREAD_FORK_MS at most; a thread that is slower
 * waits for a name server, holding no lock, and is only made sure to be asleep. It may wake in the middle of the
 * fork: docs/limits.md. Some system calls for each thread that there was lately, none where there was none.
 * Async-signal-safe, errno kept.
 */
#define WORKER_THREAD_FORK_MS 50
void worker_thread_before_fork(void);
/* In the child, which has none of the threads. */
void worker_thread_after_fork(void);

#endif
