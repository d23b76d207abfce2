#include "runtime/beside.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/guard.h"

/* Room for libc's resolver and for NSS modules of other makers. */
#define STACK_BYTES (512u * 1024u)

struct beside {
    _Atomic uint32_t done; /* waited for by futex */
    atomic_int interested; /* the thread and the caller */
    void (*work)(void *argument);
    void (*free_argument)(void *argument);
    void *argument;
};

void beside_release(struct beside *beside)
{
    if (atomic_fetch_sub(&beside->interested, 1) != 1)
        return;
    beside->free_argument(beside->argument);
    free(beside);
}

static void *run(void *data)
{
    struct beside *beside = data;
    /* Whatever libc calls from here is inside a hook as far as our hooks are concerned. */
    guard_innermost = GUARD_OWN_THREAD;
    beside->work(beside->argument);
    atomic_store(&beside->done, 1);
    syscall(SYS_futex, &beside->done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    beside_release(beside);
    return NULL;
}

static int start_thread(struct beside *beside, size_t stack_bytes)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigfillset(&all);
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setsigmask_np(&attributes, &all);
    if (stack_bytes != 0)
        pthread_attr_setstacksize(&attributes, stack_bytes);
    error = pthread_create(&thread, &attributes, run, beside);
    pthread_attr_destroy(&attributes);
    return error;
}

struct beside *beside_start(void (*work)(void *argument), void (*free_argument)(void *argument), void *argument)
{
    struct beside *beside = malloc(sizeof *beside);
    if (beside == NULL)
        return NULL;
    beside->work = work;
    beside->free_argument = free_argument;
    beside->argument = argument;
    atomic_init(&beside->done, 0);
    atomic_init(&beside->interested, 2);
    int error = start_thread(beside, STACK_BYTES);
    if (error == EINVAL) /* a program with much thread-local data needs a larger stack */
        error = start_thread(beside, 0);
    if (error == 0)
        return beside;
    free(beside);
    return NULL;
}

bool beside_wait(struct beside *beside, int64_t timeout_ms)
{
    int64_t end_ms = clock_now_ms() + timeout_ms;
    while (atomic_load(&beside->done) == 0) {
        int64_t left_ms = timeout_ms == BESIDE_FOREVER_MS ? 0 : end_ms - clock_now_ms();
        if (timeout_ms != BESIDE_FOREVER_MS && left_ms <= 0)
            return false;
        struct timespec limit = {.tv_sec = left_ms / CLOCK_MS_PER_S,
                                 .tv_nsec = left_ms % CLOCK_MS_PER_S * CLOCK_NS_PER_MS};
        syscall(SYS_futex, &beside->done, FUTEX_WAIT_PRIVATE, 0, timeout_ms == BESIDE_FOREVER_MS ? NULL : &limit,
                NULL, 0);
    }
    return true;
}
