/* Carries out getaddrinfo_a() on threads of ours; called by preload/hooks/asynchronous.c. */
#include "preload/resolve/lookup_queue.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/thread/masked_thread.h"

#define WORKERS_MOST 20 /* as many as libc has */
#define SLICE_MS     50 /* so long a wait may not notice that the thread is cancelled, or that libc is done */

/* What one call asked for together. */
struct batch {
    atomic_int left;       /* lookups, and the caller who waits */
    _Atomic uint32_t done; /* of the lookups; waited for by futex */
    bool notifies;
    struct sigevent event;
    pid_t caller;
};

struct job {
    struct job *next;
    struct gaicb *request;
    struct batch *batch;
    lookup_function *look_up;
};

/* Waiting, oldest first, and under way. The lock is held for a few instructions, with signals blocked. */
static atomic_flag lock = ATOMIC_FLAG_INIT;
static struct job *waiting, *running;
static unsigned workers;  /* threads, and those that are to be made: */
static unsigned starting; /* threads that are being made; they may fail */
static atomic_bool used;
static _Atomic uint32_t completions; /* waited for by futex */

static void enter(struct critical_section *section)
{
    critical_section_enter(section);
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
        syscall(SYS_sched_yield);
}

static void leave(struct critical_section *section)
{
    atomic_flag_clear_explicit(&lock, memory_order_release);
    critical_section_leave(section);
}

/* gai_error() reads it, beside any thread. */
static int state_of(const struct gaicb *request)
{
    return __atomic_load_n(&request->__return, __ATOMIC_ACQUIRE);
}

static void set_state(struct gaicb *request, int state)
{
    __atomic_store_n(&request->__return, state, __ATOMIC_RELEASE);
}

/* ---- Telling */

struct notice {
    void (*call)(union sigval value);
    union sigval value;
};

static void *call_program(void *data)
{
    struct notice notice = *(struct notice *)data;
    sigset_t none;
    free(data);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    notice.call(notice.value);
    return NULL;
}

static void notify_by_thread(const struct sigevent *event)
{
    pthread_attr_t detached;
    pthread_t thread;
    const pthread_attr_t *attributes = event->sigev_notify_attributes;
    struct notice *notice = malloc(sizeof *notice);
    if (notice == NULL)
        return;
    *notice = (struct notice){event->sigev_notify_function, event->sigev_value};
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, attributes != NULL ? attributes : &detached, call_program, notice) != 0)
        free(notice);
    pthread_attr_destroy(&detached);
}

static void notify(const struct sigevent *event, pid_t caller)
{
    if (event->sigev_notify == SIGEV_THREAD) {
        notify_by_thread(event);
    } else if (event->sigev_notify == SIGEV_SIGNAL) {
        siginfo_t information = {.si_signo = event->sigev_signo, .si_code = SI_ASYNCNL};
        information.si_pid = caller;
        information.si_uid = (uid_t)syscall(SYS_getuid);
        information.si_value = event->sigev_value;
        syscall(SYS_rt_sigqueueinfo, caller, event->sigev_signo, &information);
    }
}

/* ---- Work */

static void release(struct batch *batch)
{
    if (atomic_fetch_sub(&batch->left, 1) == 1)
        free(batch);
}

/* The program may free the request as soon as its state is set. */
static void finish(struct job *job, int state)
{
    struct batch *batch = job->batch;
    set_state(job->request, state);
    free(job);
    atomic_fetch_add(&completions, 1);
    syscall(SYS_futex, &completions, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    if (atomic_fetch_sub(&batch->done, 1) == 1) {
        syscall(SYS_futex, &batch->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        if (batch->notifies)
            notify(&batch->event, batch->caller);
    }
    release(batch);
}

static struct job **place_of(struct job **list, const struct gaicb *request)
{
    while (*list != NULL && (*list)->request != request)
        list = &(*list)->next;
    return list;
}

static struct job *take_next(void)
{
    struct critical_section section;
    enter(&section);
    struct job *job = waiting;
    if (job != NULL) {
        waiting = job->next;
        job->next = running;
        running = job;
    } else {
        workers--;
    }
    leave(&section);
    return job;
}

static void *work(void *nothing)
{
    struct critical_section section;
    struct job *job;
    while ((job = take_next()) != NULL) {
        struct gaicb *request = job->request;
        int state = job->look_up(request->ar_name, request->ar_service, request->ar_request, &request->ar_result);
        enter(&section);
        struct job **place = place_of(&running, request);
        *place = job->next;
        leave(&section);
        finish(job, state);
    }
    return nothing;
}

static bool start_worker(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool started = masked_thread_create(&thread, &attributes, work, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/* Reserves the place of a worker before it is made: it may have done all and ended when that call returns. */
static bool reserve_worker(void)
{
    struct critical_section section;
    enter(&section);
    bool more = workers < WORKERS_MOST;
    workers += more;
    starting += more;
    leave(&section);
    return more;
}

/* In a critical section: other threads wait until it is known whether there is a worker. */
static bool make_worker(void)
{
    struct critical_section section, inner;
    critical_section_enter(&section);
    bool started = start_worker();
    enter(&inner);
    starting--;
    workers -= !started;
    leave(&inner);
    critical_section_leave(&section);
    return started;
}

static void provide_workers(unsigned jobs)
{
    bool started = true;
    for (unsigned i = 0; i < jobs && started && reserve_worker(); i++)
        started = make_worker();
}

/* ---- Asking */

static void free_jobs(struct job *jobs)
{
    while (jobs != NULL) {
        struct job *next = jobs->next;
        free(jobs);
        jobs = next;
    }
}

/* The jobs of a list, in its order; false without memory. */
static bool make_jobs(struct gaicb *const list[], int count, struct batch *batch, lookup_function *look_up,
                      struct job **jobs)
{
    struct job **end = jobs;
    *jobs = NULL;
    for (int i = 0; i < count; i++) {
        if (list[i] == NULL)
            continue;
        struct job *job = malloc(sizeof *job);
        if (job == NULL) {
            free_jobs(*jobs);
            return false;
        }
        *job = (struct job){.request = list[i], .batch = batch, .look_up = look_up};
        *end = job;
        end = &job->next;
    }
    return true;
}

static void append(struct job *jobs)
{
    struct critical_section section;
    for (const struct job *job = jobs; job != NULL; job = job->next)
        set_state(job->request, EAI_INPROGRESS);
    atomic_store_explicit(&used, true, memory_order_relaxed);
    enter(&section);
    struct job **end = &waiting;
    while (*end != NULL)
        end = &(*end)->next;
    *end = jobs;
    leave(&section);
}

/* Enters, once it is known whether there is a worker: not while all that are counted are only being made. */
static void enter_when_sure(struct critical_section *section)
{
    enter(section);
    while (workers != 0 && workers == starting) {
        leave(section);
        syscall(SYS_sched_yield);
        enter(section);
    }
}

/* Takes all jobs of a batch out again where no worker is there. False: one is, or was and has done them; another
   thread may have started it meanwhile. */
static bool take_back(const struct batch *batch, unsigned count)
{
    struct critical_section section;
    unsigned taken = 0;
    enter_when_sure(&section);
    for (struct job **place = &waiting; workers == 0 && *place != NULL;) {
        struct job *job = *place;
        if (job->batch != batch) {
            place = &job->next;
            continue;
        }
        *place = job->next;
        free(job);
        taken++;
    }
    leave(&section);
    return taken == count;
}

static void await(struct batch *batch)
{
    uint32_t left;
    while ((left = atomic_load(&batch->done)) != 0)
        syscall(SYS_futex, &batch->done, FUTEX_WAIT_PRIVATE, left, NULL, NULL, 0);
}

bool lookup_queue_add(int mode, struct gaicb *const list[], int count, const struct sigevent *event,
                      lookup_function *look_up, int *result)
{
    int saved = errno;
    unsigned jobs_count = 0;
    struct job *jobs;
    struct batch *batch = malloc(sizeof *batch);
    if (batch == NULL || !make_jobs(list, count, batch, look_up, &jobs)) {
        free(batch);
        errno = saved;
        return false;
    }
    for (const struct job *job = jobs; job != NULL; job = job->next)
        jobs_count++;
    *batch = (struct batch){.notifies = mode == GAI_NOWAIT && event != NULL, .caller = (pid_t)syscall(SYS_getpid)};
    if (batch->notifies)
        batch->event = *event;
    atomic_init(&batch->done, jobs_count);
    atomic_init(&batch->left, (int)jobs_count + 1);
    append(jobs);
    provide_workers(jobs_count);
    bool taken = jobs_count == 0 || !take_back(batch, jobs_count);
    if (!taken) {
        free(batch);
    } else {
        if (jobs_count == 0 && batch->notifies)
            notify(&batch->event, batch->caller);
        if (mode == GAI_WAIT)
            await(batch);
        release(batch);
        *result = 0;
    }
    errno = saved;
    return taken;
}

bool lookup_queue_is_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}

static int count_in_progress(const struct gaicb *const list[], int count)
{
    int in_progress = 0;
    for (int i = 0; i < count; i++)
        in_progress += list[i] != NULL && state_of(list[i]) == EAI_INPROGRESS;
    return in_progress;
}

int lookup_queue_wait(const struct gaicb *const list[], int count, const struct timespec *limit)
{
    int saved = errno, before = count_in_progress(list, count), result = before > 0 ? EAI_INPROGRESS : EAI_ALLDONE;
    int64_t end_ms =
        limit == NULL ? INT64_MAX
                      : clock_now_ms() + (int64_t)limit->tv_sec * CLOCK_MS_PER_S + limit->tv_nsec / CLOCK_NS_PER_MS;
    while (result == EAI_INPROGRESS) {
        uint32_t seen = atomic_load(&completions);
        int64_t left_ms = end_ms == INT64_MAX ? SLICE_MS : end_ms - clock_now_ms();
        if (count_in_progress(list, count) < before) {
            result = 0;
        } else if (left_ms <= 0) {
            result = EAI_AGAIN;
        } else {
            struct timespec slice = {.tv_nsec = (left_ms < SLICE_MS ? left_ms : SLICE_MS) * CLOCK_NS_PER_MS};
            pthread_testcancel();
            if (syscall(SYS_futex, &completions, FUTEX_WAIT_PRIVATE, seen, &slice, NULL, 0) != 0 && errno == EINTR)
                result = EAI_INTR;
        }
    }
    errno = saved;
    return result;
}

/* Unlinks what waits: `request`, or all. */
static struct job *withdraw(const struct gaicb *request, bool *is_running)
{
    struct critical_section section;
    struct job *withdrawn;
    enter(&section);
    struct job **place = request != NULL ? place_of(&waiting, request) : &waiting;
    withdrawn = *place;
    if (request == NULL) {
        waiting = NULL;
    } else if (withdrawn != NULL) {
        *place = withdrawn->next;
        withdrawn->next = NULL;
    }
    *is_running = request != NULL ? *place_of(&running, request) != NULL : running != NULL;
    leave(&section);
    return withdrawn;
}

bool lookup_queue_cancel(struct gaicb *request, int *result)
{
    int saved = errno;
    bool is_running;
    struct job *jobs = withdraw(request, &is_running);
    *result = is_running ? EAI_NOTCANCELED : jobs != NULL ? EAI_CANCELED : EAI_ALLDONE;
    bool any = jobs != NULL || is_running;
    while (jobs != NULL) {
        struct job *next = jobs->next;
        finish(jobs, EAI_CANCELED);
        jobs = next;
    }
    errno = saved;
    return any;
}

void lookup_queue_after_fork(void)
{
    atomic_flag_clear(&lock);
    waiting = running = NULL;
    workers = starting = 0;
}
