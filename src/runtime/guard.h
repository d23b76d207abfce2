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
 * is.
 *
 * Async-signal-safe; one thread-local word of the initial-exec model, so no allocation.
 */
#ifndef V6SHIM_RUNTIME_GUARD_H
#define V6SHIM_RUNTIME_GUARD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/start.h"

/* Address of the innermost guard of this thread, its lowest bits as below; 0: none. */
extern __thread uintptr_t guard_innermost __attribute__((tls_model("initial-exec")));

enum guard_kind { GUARD_CALL, GUARD_LOOKUP };

#define GUARD_IN_LOOKUP ((uintptr_t)1) /* it, or one around it, is of a lookup */
#define GUARD_DEPTH     ((uintptr_t)6) /* how many are around it */
#define GUARD_ONE_DEEP  ((uintptr_t)2)
#define GUARD_BITS      (GUARD_IN_LOOKUP | GUARD_DEPTH)
#define GUARD_DEEPEST   (GUARD_ONE_DEEP * 2)

/* In guard_innermost of a thread that we have made: whatever is called there is inside a hook. */
#define GUARD_OWN_THREAD UINTPTR_MAX

/* No call that libc makes for a hook lies deeper in the stack; an address further off is of another stack. */
#define GUARD_REACH ((uintptr_t)1024 * 1024)

struct guard {
    uintptr_t seal;   /* its own address, disguised, while it is the innermost one; else 0 */
    uintptr_t before; /* guard_innermost at the entry, where that still held */
    bool entered;
    bool in_lookup; /* inside a hook that looks names up */
    int error;      /* errno at the entry */
} __attribute__((aligned(8)));

static inline uintptr_t guard_seal(uintptr_t address)
{
    return address ^ (uintptr_t)0x5a17ed6ad50fc0de;
}

/* Whether the guard at `innermost` is of a hook that still runs. It may be a dead frame that is read here. */
__attribute__((no_sanitize("address", "thread"))) static inline bool guard_holds(uintptr_t innermost, uintptr_t here)
{
    uintptr_t address = innermost & ~GUARD_BITS;
    uintptr_t distance = address > here ? address - here : here - address;
    return address != 0 && distance < GUARD_REACH && *(const volatile uintptr_t *)address == guard_seal(address);
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
    guard->entered = guard_lets(innermost, nested) && start_ready();
    if (guard->entered) {
        guard->before = holds ? innermost : 0;
        guard->seal = guard_seal(here);
        guard_innermost = here | (guard->in_lookup || kind == GUARD_LOOKUP ? GUARD_IN_LOOKUP : 0) |
                          (nested ? (innermost & GUARD_DEPTH) + GUARD_ONE_DEEP : 0);
    }
    return guard->entered;
}

/* Runs at the end of the hook. Not when the thread is cancelled in it: sleeps lift the guard, and a thread that is
   cancelled in a name lookup ends. */
static inline void guard_leave(struct guard *guard)
{
    if (guard->entered)
        guard_innermost = guard->before;
    guard->seal = 0;
}

/*
 * While a hook sleeps in the real function (accept, recvfrom, connect), a signal handler may call hooks which have to
 * act. So the guard is lifted for the time of the sleep: nothing but libc runs then.
 */
static inline uintptr_t guard_lift(void)
{
    uintptr_t innermost = guard_innermost;
    guard_innermost = 0;
    return innermost;
}

static inline void guard_restore(uintptr_t innermost)
{
    guard_innermost = innermost;
}

/*
 * For hooks that call nothing which could call back, and may sleep for long (receiving, accepting): whether they are
 * to act at all. They need not enter.
 */
static inline bool guard_may_act(void)
{
    uintptr_t innermost = guard_innermost, here = (uintptr_t)__builtin_frame_address(0);
    return innermost != GUARD_OWN_THREAD && guard_lets(innermost, innermost > here && guard_holds(innermost, here)) &&
           start_ready();
}

/* Declares `name`; true inside `if` where the hook is to act. GUARD_ENTER_LOOKUP is for hooks that may wait for
   libc's resolver; they don't act inside a hook of any kind. */
#define GUARD(name)              struct guard name __attribute__((cleanup(guard_leave))) = {.entered = false}
#define GUARD_ENTER(name)        guard_enter(&(name), GUARD_CALL)
#define GUARD_ENTER_LOOKUP(name) guard_enter(&(name), GUARD_LOOKUP)

/* A result of ours (not negative, or -errno) as libc gives it: errno is set on failure and untouched on success. */
static inline int guard_result(const struct guard *guard, int result)
{
    errno = result < 0 ? -result : guard->error;
    return result < 0 ? -1 : result;
}

#endif
