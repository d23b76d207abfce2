/*
 * Keeps a hook from calling itself for ever by way of what it calls (NSS modules in a name lookup, a malloc
 * replacement, another preload), and keeps errno over a hook.
 *
 * Hooks inside a hook act, a few levels deep: a lookup may last for seconds, and a signal handler that interrupts it
 * may use its sockets, or jump out of it. What an NSS module does inside a lookup says nothing of the program, though
 * (guard.in_lookup).
 *
 * Which hooks run is known by the stack address of the innermost one of the thread, not by a count, since a
 * siglongjmp may leave them at any time. After it that address lies in frames that are gone: below the caller of the
 * next hook (on stacks that grow down), or overwritten by younger frames, so that the seal which stood there is
 * broken. Both make it void. Where neither is the case yet, the next hook believes itself one level deeper than it
 * is. The stack itself may be gone by then (a coroutine's, unmapped or used again), so the seal is never read here:
 * the kernel compares it, and answers EFAULT where nothing is mapped. That is asked only where a hook may be around
 * this one.
 *
 * Cancellation (pthread_cancel) is off inside a hook of the kind GUARD_CALL, so that none ends the thread with a lock
 * taken or a descriptor open. It is on where the hook does what the program has called it for and may sleep:
 * guard_lift(). What the hook holds at that moment has to be found again at the end of the thread
 * (preload/thread/thread_end.h). The other kinds leave cancellation alone: GUARD_QUICK is for hooks that hold
 * nothing, and in lookups it is libc's code that runs for long; what holds something there has a block without
 * cancellation (preload/base/cancellation.h, preload/base/critical_section.h). A siglongjmp out of a hook, in the
 * microseconds in which it neither sleeps nor has signals blocked, leaves cancellation off in that thread.
 *
 * Async-signal-safe; one thread-local word of the initial-exec model, so no allocation.
 */
#ifndef V6SHIM_PRELOAD_BASE_GUARD_H
#define V6SHIM_PRELOAD_BASE_GUARD_H

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/base/ready.h"

/* Address of the innermost guard of this thread, its lowest bits as below; 0: none. */
extern __thread uintptr_t guard_innermost __attribute__((tls_model("initial-exec")));

enum guard_kind { GUARD_CALL, GUARD_QUICK, GUARD_LOOKUP };

#define GUARD_IN_LOOKUP   ((uintptr_t)1) /* it, or one around it, is of a lookup */
#define GUARD_DEPTH       ((uintptr_t)6) /* how many are around it */
#define GUARD_ONE_DEEP    ((uintptr_t)2)
#define GUARD_CANCELLABLE ((uintptr_t)8) /* cancellation was on before it */
#define GUARD_BITS        (GUARD_IN_LOOKUP | GUARD_DEPTH | GUARD_CANCELLABLE)
#define GUARD_DEEPEST     (GUARD_ONE_DEEP * 2)

/* In guard_innermost of a thread that we have made: whatever is called there is inside a hook. */
#define GUARD_OWN_THREAD UINTPTR_MAX

/* No call that libc makes for a hook lies deeper in the stack; an address further off is of another stack. */
#define GUARD_REACH ((uintptr_t)1024 * 1024)

struct guard {
    uint32_t seal; /* its own address, disguised, while it is the innermost one; else 0 */
    bool entered;
    bool in_lookup;   /* inside a hook that looks names up */
    bool cancellable; /* cancellation was on at the entry, and is off since */
    uintptr_t before; /* guard_innermost at the entry, where that still held */
    int error;        /* errno at the entry */
} __attribute__((aligned(16)));

static inline uint32_t guard_seal(uintptr_t address)
{
    return (uint32_t)address ^ (uint32_t)((uint64_t)address >> 32) ^ UINT32_C(0x5a17ed6a);
}

/* Whether the kernel finds this number at the address, which may lead nowhere: a futex is waited for, for no time at
   all, where it has the value (futex(2): EAGAIN where it has another one). */
__attribute__((noinline)) static bool guard_kernel_finds(uintptr_t address, uint32_t seal)
{
    const struct timespec no_time = {0};
    int saved = errno;
    bool found = syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, seal, &no_time, NULL, 0) == 0 ||
                 errno == ETIMEDOUT || errno == EINTR;
    errno = saved;
    return found;
}

/* Whether the guard at `innermost` is of a hook that still runs. */
static inline bool guard_holds(uintptr_t innermost, uintptr_t here)
{
    uintptr_t address = innermost & ~GUARD_BITS;
    uintptr_t distance = address > here ? address - here : here - address;
    return address != 0 && distance < GUARD_REACH && guard_kernel_finds(address, guard_seal(address));
}

static inline bool guard_lets(uintptr_t innermost, bool nested)
{
    return !nested || (innermost & GUARD_DEPTH) < GUARD_DEEPEST;
}

/* False where the shim can't work yet, or too deep inside other hooks: call the real function then, and do nothing
   else. */
static inline bool guard_enter(struct guard *guard, enum guard_kind kind)
{
    uintptr_t innermost = guard_innermost, here = (uintptr_t)guard;
    guard->error = errno;
    if (innermost == GUARD_OWN_THREAD)
        return false;
    /* A hook that runs above us (innermost < here) was interrupted by a handler on a stack of its own. */
    bool holds = guard_holds(innermost, here), nested = holds && innermost > here;
    guard->in_lookup = nested && (innermost & GUARD_IN_LOOKUP) != 0;
    guard->entered = guard_lets(innermost, nested) && ready_or_start();
    if (guard->entered) {
        int cancellation = PTHREAD_CANCEL_DISABLE;
        if (kind == GUARD_CALL)
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
        guard->cancellable = cancellation == PTHREAD_CANCEL_ENABLE;
        guard->before = holds ? innermost : 0;
        guard->seal = guard_seal(here);
        guard_innermost = here | (guard->in_lookup || kind == GUARD_LOOKUP ? GUARD_IN_LOOKUP : 0) |
                          (nested ? (innermost & GUARD_DEPTH) + GUARD_ONE_DEEP : 0) |
                          (guard->cancellable ? GUARD_CANCELLABLE : 0);
    }
    return guard->entered;
}

/* Runs at the end of the hook. Not when the thread is cancelled in it: the thread ends. */
static inline void guard_leave(struct guard *guard)
{
    if (guard->entered)
        guard_innermost = guard->before;
    if (guard->entered && guard->cancellable)
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    guard->seal = 0;
}

/* Inside a hook: cancellation as the program has it, for a call of libc's during which nothing of ours is held that
   can't be found again; and off once more. */
static inline void guard_allow_cancellation(void)
{
    if (guard_innermost != GUARD_OWN_THREAD && (guard_innermost & GUARD_CANCELLABLE) != 0)
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
}

static inline void guard_forbid_cancellation(void)
{
    if (guard_innermost != GUARD_OWN_THREAD && (guard_innermost & GUARD_CANCELLABLE) != 0)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

/*
 * While a hook sleeps in the real function (accept, recvfrom, connect), a signal handler may call hooks which have to
 * act. So the guard is lifted for the time of the sleep: nothing but libc runs then. The sleep can be cancelled as it
 * could be without us.
 */
static inline uintptr_t guard_lift(void)
{
    uintptr_t innermost = guard_innermost;
    guard_allow_cancellation();
    guard_innermost = 0;
    return innermost;
}

static inline void guard_restore(uintptr_t innermost)
{
    guard_innermost = innermost;
    guard_forbid_cancellation();
}

/* A pause of a hook that holds nothing: the thread can be cancelled in it. */
static inline void guard_sleep(const struct timespec *pause)
{
    guard_allow_cancellation();
    pthread_testcancel();
    guard_forbid_cancellation();
    syscall(SYS_nanosleep, pause, NULL);
}

/* Whether this is a handler on a stack of its own, which may lie anywhere: what it interrupted still runs. */
static inline bool guard_on_signal_stack(void)
{
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
}

/*
 * For hooks that call nothing which could call back, and may sleep for long (receiving, accepting): whether they are
 * to act at all. They need not enter.
 */
static inline bool guard_may_act(void)
{
    uintptr_t innermost = guard_innermost, here = (uintptr_t)__builtin_frame_address(0);
    return innermost != GUARD_OWN_THREAD && guard_lets(innermost, innermost > here && guard_holds(innermost, here)) &&
           ready_or_start();
}

/* Declares `name`; true inside `if` where the hook is to act. GUARD_ENTER_LOOKUP is for hooks that may wait for
   libc's resolver; they don't act inside a hook of any kind. */
#define GUARD(name)              struct guard name __attribute__((cleanup(guard_leave))) = {.entered = false}
#define GUARD_ENTER(name)        guard_enter(&(name), GUARD_CALL)
#define GUARD_ENTER_QUICK(name)  guard_enter(&(name), GUARD_QUICK)
#define GUARD_ENTER_LOOKUP(name) guard_enter(&(name), GUARD_LOOKUP)

/* A result of ours (not negative, or -errno) as libc gives it: errno is set on failure and untouched on success. */
static inline int guard_result(const struct guard *guard, int result)
{
    errno = result < 0 ? -result : guard->error;
    return result < 0 ? -1 : result;
}

#endif
