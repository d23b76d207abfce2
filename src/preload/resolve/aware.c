/* Keeps whether the process speaks IPv6 itself; set and asked by hooks of lookups and sockets. */
#include "preload/resolve/aware.h"

#include <stdatomic.h>

#include "preload/system/settings.h"

static atomic_bool seen;

bool aware_was_seen(void)
{
    return atomic_load_explicit(&seen, memory_order_relaxed);
}

bool aware_is(void)
{
    switch (settings_current()->aware) {
    case AWARE_YES:
        return true;
    case AWARE_NO:
        return false;
    case AWARE_AUTO:
    default:
        return aware_was_seen();
    }
}

void aware_set(void)
{
    if (!atomic_load_explicit(&seen, memory_order_relaxed))
        atomic_store_explicit(&seen, true, memory_order_relaxed);
}
