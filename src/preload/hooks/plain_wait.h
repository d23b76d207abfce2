/* Whether a hook that waits has anything to do: a few loads. */
#ifndef V6SHIM_PRELOAD_HOOKS_PLAIN_WAIT_H
#define V6SHIM_PRELOAD_HOOKS_PLAIN_WAIT_H

#include <stdbool.h>

#include "preload/connect/background.h"
#include "preload/resolve/resolve.h"
#include "preload/wait.h"

/* Whether no descriptor can be one of those that preload/wait.h is about. */
static inline bool is_plain_wait(void)
{
    return __builtin_expect(!resolve_has_shown_alias() && !background_any() && !wait_concerns_epoll(), 1);
}

#endif
