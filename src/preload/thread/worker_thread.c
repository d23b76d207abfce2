/* Runs work on a thread of its own and waits for it; called for lookups and NAT64's questions. */
#include "preload/thread/worker_thread.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/text.h"
#include "preload/base/clock.h"
#include "preload/base/guard.h"
#include "preload/base/newer_names.h"
#include "preload/base/raw_file.h"
#include "preload/thread/masked_thread.h"

/* Threads that are watched at a time; further ones are not waited for at a fork. */
#define WATCHED       32
#define NOTHING       0
#define STARTING      (-1)
#define LOOK_AGAIN_NS (100 * CLOCK_NS_PER_US)

/* Threads that may still be there: a thread's work is over before libc has tidied up after it. */
static struct watched {
    _Atomic int thread;  /* its number, NOTHING or STARTING */
    atomic_bool runs;    /* so that the number is certainly its own */
    atomic_bool is_slow; /* a fork has waited for it in vain */
    struct resolver_tries tries;
} watched[WATCHED];

/* That of the calling thread, where it is one of these. */
static __thread struct watched *own __attribute__((tls_model("initial-exec")));

/* Room for libc's resolver and for NSS modules of other makers. */
#define STACK_BYTES (512u * 1024u)

#define STANDARD_NUMBERS 3 /* standard input, output and error */

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

struct worker_thread {
    _Atomic uint32_t done; /* waited for by futex */
    enum worker_thread_numbers numbers;
    atomic_int interested; /* the thread and the caller */
    void (*work)(void *argument);
    void (*free_argument)(void *argument);
    void *argument;
    struct watched *watched; /* NULL: nobody watches it */
};

static bool has_ended(int thread)
{
    int saved = errno;
    bool ended = syscall(SYS_tgkill, syscall(SYS_getpid), thread, 0) != 0;
    errno = saved;
    return ended;
}

static struct watched *watch_next(void)
{
    for (unsigned i = 0; i < WATCHED; i++) {
        int thread = atomic_load(&watched[i].thread);
        if ((thread == NOTHING || (thread != STARTING && has_ended(thread))) &&
            atomic_compare_exchange_strong(&watched[i].thread, &thread, STARTING)) {
            atomic_store(&watched[i].is_slow, false);
            return &watched[i];
        }
    }
    return NULL;
}

bool worker_thread_is_there(void)
{
    bool there = false;
    for (unsigned i = 0; i < WATCHED && !there; i++) {
        int thread = atomic_load(&watched[i].thread);
        there = thread == STARTING || (thread != NOTHING && !has_ended(thread));
    }
    return there;
}

enum our_thread worker_thread_kind(int thread)
{
    enum our_thread kind = THREAD_NOT_OURS;
    for (unsigned i = 0; i < WATCHED; i++) {
        int number = atomic_load(&watched[i].thread);
        if (number == thread && atomic_load(&watched[i].runs))
            return THREAD_OURS;
        if (number == thread || number == STARTING)
            kind = THREAD_MAYBE_OURS;
    }
    return kind;
}

static void note_thread(struct worker_thread *worker, int thread)
{
    if (worker->watched == NULL)
        return;
    atomic_store(&worker->watched->thread, thread);
    atomic_store(&worker->watched->runs, thread != NOTHING);
}

void worker_thread_release(struct worker_thread *worker)
{
    if (atomic_fetch_sub(&worker->interested, 1) != 1)
        return;
    worker->free_argument(worker->argument);
    free(worker);
}

void worker_thread_abandon(struct worker_thread *worker)
{
    if (worker->watched != NULL && atomic_load(&worker->done) == 0)
        resolver_tries_end(&worker->watched->tries, worker);
    worker_thread_release(worker);
}

void worker_thread_asks(enum resolver_waits waits, struct __res_state *state)
{
    if (own != NULL)
        resolver_tries_begin(&own->tries, waits, state);
}

void worker_thread_has_asked(void)
{
    if (own != NULL)
        resolver_tries_finish(&own->tries);
}

/*
 * Gives the thread a table of descriptors of its own, empty but for the standard numbers: what a module of libc
 * prints must not get into its sockets. A kernel before Linux 5.9 leaves it with the program's.
 */
static void leave_numbers(void)
{
    if (syscall(SYS_close_range, 0, UINT_MAX, CLOSE_RANGE_UNSHARE) != 0)
        return;
    for (int number = 0; number < STANDARD_NUMBERS; number++)
        syscall(SYS_epoll_create1, 0); /* needs no file, and neither takes nor gives a byte */
}

static void *run(void *data)
{
    struct worker_thread *worker = data;
    note_thread(worker, (int)syscall(SYS_gettid));
    /* Whatever libc calls from here is inside a hook as far as our hooks are concerned. */
    guard_innermost = GUARD_OWN_THREAD;
    own = worker->watched;
    if (worker->numbers == WORKER_THREAD_OWN_NUMBERS)
        leave_numbers();
    worker->work(worker->argument);
    atomic_store(&worker->done, 1);
    syscall(SYS_futex, &worker->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (worker->watched != NULL)
        atomic_store(&worker->watched->runs, false);
    worker_thread_release(worker);
    return NULL;
}

static int start_thread(struct worker_thread *worker, size_t stack_bytes)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack_bytes != 0)
        pthread_attr_setstacksize(&attributes, stack_bytes);
    error = masked_thread_create(&thread, &attributes, run, worker);
    pthread_attr_destroy(&attributes);
    return error;
}

struct worker_thread *worker_thread_start(enum worker_thread_numbers numbers, void (*work)(void *argument),
                                          void (*free_argument)(void *argument), void *argument)
{
    struct worker_thread *worker = malloc(sizeof *worker);
    if (worker == NULL)
        return NULL;
    worker->numbers = numbers;
    worker->work = work;
    worker->free_argument = free_argument;
    worker->argument = argument;
    atomic_init(&worker->done, 0);
    atomic_init(&worker->interested, 2);
    worker->watched = watch_next();
    if (worker->watched != NULL)
        resolver_tries_take(&worker->watched->tries, worker);
    int error = start_thread(worker, STACK_BYTES);
    if (error == EINVAL) /* a program with much thread-local data needs a larger stack */
        error = start_thread(worker, 0);
    if (error == 0)
        return worker;
    note_thread(worker, NOTHING);
    free(worker);
    return NULL;
}

/* Sleeps until it is done, at most for `limit`. Can be cancelled where the program allows it, as
   libc's own waits can: at any moment of the system call. */
static void sleep_until_done(struct worker_thread *worker, const struct timespec *limit)
{
    int kind;
    guard_allow_cancellation();
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &kind);
    syscall(SYS_futex, &worker->done, FUTEX_WAIT_PRIVATE, 0, limit, NULL, 0);
    pthread_setcanceltype(kind, NULL);
    guard_forbid_cancellation();
}

/* Where nobody watches the thread, its questions are asked as libc asks them. */
static void follow(struct worker_thread *worker)
{
    if (worker->watched != NULL)
        resolver_tries_follow(&worker->watched->tries, worker);
}

bool worker_thread_wait(struct worker_thread *worker, int64_t timeout_ms)
{
    int64_t end_ms = timeout_ms == WORKER_THREAD_FOREVER_MS ? INT64_MAX : clock_now_ms() + timeout_ms;
    while (atomic_load(&worker->done) == 0) {
        int64_t left_ms = end_ms - clock_now_ms();
        if (left_ms <= 0)
            return false;
        if (left_ms > RESOLVER_TRIES_FOLLOW_MS)
            left_ms = RESOLVER_TRIES_FOLLOW_MS;
        follow(worker);
        struct timespec limit = {.tv_sec = left_ms / CLOCK_MS_PER_S,
                                 .tv_nsec = left_ms % CLOCK_MS_PER_S * CLOCK_NS_PER_MS};
        sleep_until_done(worker, &limit);
    }
    return true;
}

void worker_thread_end_questions(int64_t timeout_ms)
{
    int saved = errno;
    int64_t end_ms = clock_now_ms() + timeout_ms;
    struct timespec moment = {.tv_nsec = LOOK_AGAIN_NS};
    for (unsigned i = 0; i < WATCHED; i++)
        if (atomic_load(&watched[i].thread) != NOTHING)
            resolver_tries_end(&watched[i].tries, NULL);
    while (worker_thread_is_there() && clock_now_ms() < end_ms)
        syscall(SYS_nanosleep, &moment, NULL);
    errno = saved;
}

/* By its line in /proc, "NUMBER (NAME) STATE ...". */
static bool is_asleep(int thread)
{
    char line[128];
    struct text path = text_on(line, sizeof line);
    text_add(&path, "/proc/self/task/");
    text_add_number(&path, thread);
    text_add(&path, "/stat");
    int fd = raw_openat(AT_FDCWD, line, O_RDONLY, 0);
    if (fd < 0)
        return false;
    long count = syscall(SYS_read, fd, line, sizeof line - 1);
    raw_close(fd);
    line[count > 0 ? count : 0] = '\0';
    const char *name_end = strrchr(line, ')');
    return name_end != NULL && strncmp(name_end, ") S", 3) == 0;
}

static bool is_quiet(struct watched *its)
{
    int thread = atomic_load(&its->thread);
    if (thread == NOTHING || thread == STARTING)
        return thread == NOTHING;
    if (!has_ended(thread))
        return atomic_load(&its->is_slow) && is_asleep(thread);
    atomic_compare_exchange_strong(&its->thread, &thread, NOTHING);
    return true;
}

/* Whether all were quiet in time; the others are slow from now on. */
static bool wait_until_quiet(void)
{
    int64_t end_ms = 0;
    for (;;) {
        bool over = end_ms != 0 && clock_now_ms() >= end_ms, quiet = true;
        for (unsigned i = 0; i < WATCHED; i++) {
            if (is_quiet(&watched[i]))
                continue;
            quiet = false;
            if (over)
                atomic_store(&watched[i].is_slow, true);
        }
        if (quiet || over)
            return quiet;
        if (end_ms == 0)
            end_ms = clock_now_ms() + WORKER_THREAD_FORK_MS;
        struct timespec moment = {.tv_nsec = LOOK_AGAIN_NS};
        syscall(SYS_nanosleep, &moment, NULL);
    }
}

void worker_thread_before_fork(void)
{
    int saved = errno;
    if (!wait_until_quiet())
        wait_until_quiet();
    errno = saved;
}

void worker_thread_after_fork(void)
{
    for (unsigned i = 0; i < WATCHED; i++) {
        atomic_store(&watched[i].thread, NOTHING);
        atomic_store(&watched[i].runs, false);
        resolver_tries_after_fork(&watched[i].tries);
    }
}
