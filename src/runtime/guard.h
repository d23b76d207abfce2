/*
 * Keeps hooks from acting on calls that come from inside a hook (NSS modules in a name lookup, a malloc replacement,
 * another preload), and keeps errno over a hook.
 *
 * Recursion is known by the stack address of the outermost hook of the thread, not by a count: after a siglongjmp out
 * of a hook that address lies in frames that are gone, below (on stacks that grow down) the caller of the next hook,
 * and is void. A signal handler on an alternate stack may be taken for either; it then sees the plain libc, or a hook
 * that works: both are harmless.
 *
 * Async-signal-safe; one thread-local word of the initial-exec model, so no allocation.
 */
#ifndef V6SHIM_RUNTIME_GUARD_H
#define V6SHIM_RUNTIME_GUARD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/start.h"

extern __thread uintptr_t guard_outermost __attribute__((tls_model("initial-exec")));

struct guard {
    bool entered;
    int error; /* errno at the entry */
};

/* Enters from the frame `here`. False where the shim can't work yet, or a hook is already running: call the real
   function then, and do nothing else. */
static inline bool guard_enter(struct guard *guard, uintptr_t here)
{
    guard->error = errno;
    uintptr_t outermost = guard_outermost;
    guard->entered = (outermost == 0 || here >= outermost) && start_ready();
    if (guard->entered)
        guard_outermost = here;
    return guard->entered;
}

/* Runs at the end of the hook. Not when the thread is cancelled in it: sleeps lift the guard, and a thread that is
   cancelled in a name lookup ends. */
static inline void guard_leave(const struct guard *guard)
{
    if (guard->entered)
        guard_outermost = 0;
}

/*
 * While a hook sleeps in the real function (accept, recvfrom, connect), a signal handler may call hooks which have to
 * act. So the guard is lifted for the time of the sleep: nothing but libc runs then.
 */
static inline uintptr_t guard_lift(void)
{
    uintptr_t outermost = guard_outermost;
    guard_outermost = 0;
    return outermost;
}

static inline void guard_restore(uintptr_t outermost)
{
    guard_outermost = outermost;
}

/*
 * For hooks that call nothing which could call back, and may sleep for long (receiving, accepting): whether they are
 * to act at all. They need not enter.
 */
static inline bool guard_may_act(void)
{
    uintptr_t outermost = guard_outermost;
    return (outermost == 0 || (uintptr_t)__builtin_frame_address(0) >= outermost) && start_ready();
}

/* Declares `name`; true inside `if` where the hook is to act. */
#define GUARD(name)       struct guard name __attribute__((cleanup(guard_leave))) = {false, 0}
#define GUARD_ENTER(name) guard_enter(&(name), (uintptr_t)__builtin_frame_address(0))

/* A result of ours (not negative, or -errno) as libc gives it: errno is set on failure and untouched on success. */
static inline int guard_result(const struct guard *guard, int result)
{
    errno = result < 0 ? -result : guard->error;
    return result < 0 ? -1 : result;
}

#endif
