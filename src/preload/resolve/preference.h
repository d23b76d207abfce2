/*
 * Destinations in the order of the address policy that is in force: core/order/selection with what this host's kernel
 * says.
 *
 * For name lookups and the command: reads files, makes system calls, and is not async-signal-safe. errno kept.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_PREFERENCE_H
#define V6SHIM_PRELOAD_RESOLVE_PREFERENCE_H

#include "core/order/selection.h"
#include "preload/resolve/resolve.h"
#include "preload/system/sources.h"

/*
 * The policy in force (setting `policy`). A file is read once, and again each time where it says `reload yes`; its
 * bad lines are told once each, with their numbers, and one that can't be read gives way to the system's table.
 * `known_local` (may be NULL): own addresses for rfc6724-update.
 */
void preference_policy(struct policy *policy, const struct source_list *known_local);

/* Whether the user has set a policy that isn't the system's: only that changes the answers of programs that speak
   IPv6 themselves. */
bool preference_is_explicit(void);

struct preference {
    struct policy policy;
    struct source_list sources;
    struct selection_candidate candidates[RESOLVE_ADDRESSES]; /* in the order given */
    struct selection_place places[RESOLVE_ADDRESSES];         /* in the order wanted */
};

/* Asks the kernel about each address of the list (RESOLVE_ADDRESSES at most), and sorts. */
void preference_sort(const struct resolve_addresses *list, struct preference *preference);

#endif
