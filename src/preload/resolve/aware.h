/*
 * Whether this process is one that speaks IPv6 itself: it has made an AF_INET6 socket or looked up AF_UNSPEC or
 * AF_INET6 by itself. Never reset, kept over fork, not over exec. The setting `aware` overrules. Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_AWARE_H
#define V6SHIM_PRELOAD_RESOLVE_AWARE_H

#include <stdbool.h>

bool aware_is(void);
/* The same, whatever the setting says. */
bool aware_was_seen(void);
/* The program has just shown that it knows IPv6. */
void aware_set(void);

#endif
