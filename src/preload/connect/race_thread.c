/* Runs the thread that waits for races in the background; woken by preload/connect/background*.c. */
#include "preload/connect/race_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/guard.h"
#include "preload/connect/background.h"
#include "preload/log/trace.h"
#include "preload/system/high_fd.h"
#include "preload/system/real.h"
#include "preload/thread/masked_thread.h"
#include "preload/thread/signal_handler.h"

#define EVENTS_AT_ONCE 128
#define IDLE_MS        2000 /* after the last race */
#define END_TRIES      1000 /* of a millisecond: the number may be another thread's by now */
#define STACK_BYTES    (256u * 1024u)

enum thread_state { THREAD_NONE, THREAD_CHANGING, THREAD_RUNS };

static _Atomic int state = THREAD_NONE;
static _Atomic int own_number, old_number; /* of the thread, 0 until it has said so; and of the one before */
static _Atomic int set = -1, bell = -1;    /* epoll and event descriptors, at high numbers */
static atomic_bool asked_to_end;
static _Atomic int64_t sleeps_until_ms; /* INT64_MAX while the thread looks what is next: then it has to be woken */

/* What an event says about its descriptor: generation << 32 | item << 8 | slot. The bell is all ones. */
#define BELL UINT64_MAX

static void close_descriptors(void)
{
    int old_set = atomic_exchange(&set, -1), old_bell = atomic_exchange(&bell, -1);
    if (old_set >= 0)
        REAL(close)(old_set);
    if (old_bell >= 0)
        REAL(close)(old_bell);
}

static int open_descriptors(void)
{
    int new_set = epoll_create1(EPOLL_CLOEXEC);
    int new_bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = BELL};
    if (new_set >= 0)
        new_set = high_fd_move(new_set);
    if (new_bell >= 0)
        new_bell = high_fd_move(new_bell);
    atomic_store(&set, new_set);
    atomic_store(&bell, new_bell);
    if (new_set >= 0 && new_bell >= 0 && REAL(epoll_ctl)(new_set, EPOLL_CTL_ADD, new_bell, &event) == 0)
        return 0;
    close_descriptors();
    return -EMFILE;
}

/* Handles what has happened; false where our descriptors are gone. */
static bool wait_for_events(int64_t until_ms)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t left_ms = until_ms - clock_now_ms();
    int timeout_ms = left_ms <= 0 ? 0 : left_ms < IDLE_MS ? (int)left_ms : IDLE_MS;
    int count = epoll_wait(atomic_load(&set), events, EVENTS_AT_ONCE, timeout_ms);
    if (count < 0 && errno != EINTR)
        return false;
    for (int i = 0; i < count; i++) {
        uint64_t data = events[i].data.u64;
        if (data == BELL) {
            uint64_t rings;
            ssize_t ignored = read(atomic_load(&bell), &rings, sizeof rings);
            (void)ignored;
        } else {
            background_event((uint32_t)(data >> 8 & 0xffffff), (uint32_t)(data >> 32), (unsigned)(data & 0xff));
        }
    }
    return true;
}

static bool has_its_descriptors(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = BELL};
    int saved = errno;
    bool has = REAL(epoll_ctl)(atomic_load(&set), EPOLL_CTL_MOD, atomic_load(&bell), &event) == 0;
    errno = saved;
    return has;
}

#define WAIT_TRIES 10

/* False where nothing can be waited for any more; a wait that fails for the moment is tried again. */
static bool wait_until(int64_t until_ms)
{
    struct timespec moment = {.tv_nsec = CLOCK_NS_PER_MS};
    for (int tries = 0; tries < WAIT_TRIES; tries++) {
        if (wait_for_events(until_ms))
            return true;
        if (!has_its_descriptors())
            return false;
        syscall(SYS_nanosleep, &moment, NULL);
    }
    return false;
}

#define LEAVE_TRIES 1000

/* No race begins from now on; one that has begun by then may not be on record yet, but it is counted. */
static void leave_all(void)
{
    struct timespec moment = {.tv_nsec = CLOCK_NS_PER_MS};
    atomic_store(&state, THREAD_CHANGING);
    background_abandon_all();
    for (int tries = 0; tries < LEAVE_TRIES && atomic_load(&background_count) != 0; tries++) {
        syscall(SYS_nanosleep, &moment, NULL);
        background_abandon_all();
    }
}

static void *run(void *unused)
{
    (void)unused;
    atomic_store(&own_number, (int)syscall(SYS_gettid));
    guard_innermost = GUARD_OWN_THREAD; /* whatever is called from here is inside a hook */
    trace_keep_numbers();
    int64_t idle_since_ms = clock_now_ms();
    for (;;) {
        int64_t now_ms = clock_now_ms();
        atomic_store(&sleeps_until_ms, INT64_MAX);
        bool busy = atomic_load(&background_count) != 0; /* the last race may end in the next line */
        int64_t next_ms = background_step_all(now_ms);
        if (busy || atomic_load(&background_count) != 0)
            idle_since_ms = now_ms;
        else if (now_ms - idle_since_ms >= IDLE_MS || atomic_load(&asked_to_end)) {
            /* A race that starts now finds no thread, and makes one. */
            int runs = THREAD_RUNS;
            if (atomic_compare_exchange_strong(&state, &runs, THREAD_CHANGING) && atomic_load(&background_count) == 0)
                break;
            atomic_store(&state, THREAD_RUNS);
        }
        atomic_store(&sleeps_until_ms, next_ms);
        if (!wait_until(next_ms)) {
            leave_all();
            break;
        }
    }
    if (has_its_descriptors())
        close_descriptors();
    atomic_store(&set, -1);
    atomic_store(&bell, -1);
    atomic_store(&old_number, atomic_load(&own_number));
    atomic_store(&own_number, 0);
    atomic_store(&state, THREAD_NONE);
    return NULL;
}

static bool make_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = masked_thread_create(&thread, &attributes, run, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

static atomic_bool missed; /* a race, for want of a thread that could not be made then */

static bool ensure(void)
{
    int none = THREAD_NONE;
    if (!atomic_compare_exchange_strong(&state, &none, THREAD_CHANGING))
        return none == THREAD_RUNS;  /* somebody else is at it: no race this time */
    struct critical_section section; /* nobody else makes the thread meanwhile: this one has to come to the end */
    critical_section_enter(&section);
    atomic_store(&asked_to_end, false);
    bool made = open_descriptors() == 0 && make_thread();
    if (!made)
        close_descriptors();
    atomic_store(&state, made ? THREAD_RUNS : THREAD_NONE);
    critical_section_leave(&section);
    return made;
}

bool race_thread_ensure(const sigset_t *mask)
{
    if (atomic_load(&state) == THREAD_RUNS)
        return has_its_descriptors();
    if (signal_handler_may_have_run(mask)) {
        atomic_store(&missed, true);
        return false;
    }
    return ensure();
}

void race_thread_prepare(void)
{
    if (atomic_load_explicit(&missed, memory_order_relaxed) && atomic_exchange(&missed, false))
        ensure();
}

int race_thread_watch(int fd, uint32_t events, uint32_t item, uint32_t generation, unsigned slot)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)generation << 32 | (uint64_t)(item & 0xffffff) << 8 | slot};
    return REAL(epoll_ctl)(atomic_load(&set), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void race_thread_unwatch(int fd)
{
    int saved = errno;
    REAL(epoll_ctl)(atomic_load(&set), EPOLL_CTL_DEL, fd, NULL);
    errno = saved;
}

void race_thread_wake(int64_t due_ms)
{
    if (due_ms >= atomic_load(&sleeps_until_ms))
        return;
    int saved = errno;
    uint64_t ring = 1;
    long ignored = syscall(SYS_write, atomic_load(&bell), &ring, sizeof ring);
    (void)ignored;
    errno = saved;
}

/* The kernel counts a thread for a moment after its last line. */
static void await_its_end(void)
{
    int thread = atomic_load(&old_number), saved = errno;
    struct timespec moment = {.tv_nsec = CLOCK_NS_PER_MS};
    for (int tries = 0; tries < END_TRIES && thread != 0; tries++) {
        if (syscall(SYS_tgkill, syscall(SYS_getpid), thread, 0) != 0) {
            atomic_compare_exchange_strong(&old_number, &thread, 0);
            break;
        }
        syscall(SYS_nanosleep, &moment, NULL);
    }
    errno = saved;
}

bool race_thread_end(void)
{
    while (atomic_load(&state) != THREAD_NONE) {
        if (atomic_load(&background_count) != 0)
            return false;
        atomic_store(&asked_to_end, true);
        race_thread_wake(INT64_MIN);
        struct timespec moment = {.tv_nsec = CLOCK_NS_PER_MS};
        syscall(SYS_nanosleep, &moment, NULL);
    }
    await_its_end();
    return true;
}

bool race_thread_is_there(void)
{
    return atomic_load(&state) != THREAD_NONE;
}

enum our_thread race_thread_kind(int thread)
{
    if (atomic_load(&own_number) == thread)
        return THREAD_OURS;
    bool unknown = atomic_load(&own_number) == 0 && atomic_load(&state) != THREAD_NONE;
    return unknown || atomic_load(&old_number) == thread ? THREAD_MAYBE_OURS : THREAD_NOT_OURS;
}

void race_thread_after_fork(void)
{
    close_descriptors();
    atomic_store(&own_number, 0);
    atomic_store(&old_number, 0);
    atomic_store(&state, THREAD_NONE);
}
