/*
 * From the observer to the command: one observation, once for each place and kind of a call.
 *
 * Async-signal-safe, no malloc, no lock, never waits; errno kept. What could not be told is told when it happens
 * again.
 */
#ifndef V6SHIM_CHECK_OBSERVER_REPORT_H
#define V6SHIM_CHECK_OBSERVER_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/events/observation.h"
#include "preload/base/hook.h"

/* Whether anybody listens: without, the observer passes every call on and does nothing else. */
extern atomic_bool tell_is_on;

static inline bool tell_wanted(void)
{
    return atomic_load_explicit(&tell_is_on, memory_order_relaxed);
}

/* Begins, if V6SHIM_OBSERVE names a channel. Once, when the library is loaded. */
void tell_start(void);

/* A child that will run another program: known before that has begun. */
void tell_child(int64_t pid);

/* V6SHIM_OBSERVE=..., as it was given to this process; NULL: nobody listens. For new programs. */
const char *tell_variable(void);

/* The call, made from `caller` (a return address), unless the same was told before, or very much of the same place.
   Calls that libc and the modules of its resolver make are nobody's. */
void tell(struct observation *observation, const void *caller);

/*
 * The shim, where it stands behind us, judges some calls by the object that made them (preload/peers/view), and sees
 * us. It asks v6shim_observed_caller() who called us; NULL: nobody did.
 */
extern __thread const void *tell_caller __attribute__((tls_model("initial-exec")));

/* The next function's result, called in the name of `caller`. */
#define ON_BEHALF_OF(caller, call)             \
    __extension__({                            \
        const void *tell_before = tell_caller; \
        tell_caller = (caller);                \
        __typeof__(call) tell_result = (call); \
        tell_caller = tell_before;             \
        tell_result;                           \
    })

#endif
