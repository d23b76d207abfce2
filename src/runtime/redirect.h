/*
 * Addresses that are burnt in to programs (RFC 4085), sent elsewhere (setting `redirect`).
 *
 * Async-signal-safe, but for redirect_find() of a name with `may_look_up`, which starts a thread; errno kept.
 */
#ifndef V6SHIM_RUNTIME_REDIRECT_H
#define V6SHIM_RUNTIME_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "runtime/settings.h"

/* Addresses of one name that are tried. */
#define REDIRECT_ADDRESSES 4

/* Whether the user sends this address elsewhere. No system call. */
static inline bool redirect_concerns(struct in_addr asked)
{
    const struct redirects *redirects = &settings_current()->redirects;
    for (unsigned i = 0; i < redirects->count; i++)
        if (redirects->entries[i].from.s_addr == asked.s_addr)
            return true;
    return false;
}

/*
 * Where to: an IPv6 address, or those of a name, which is looked up where that was not done in the last minute. That
 * is awaited for `patience_ms` (BESIDE_FOREVER_MS: as long as the resolver takes), then what it was before counts.
 * How many addresses; 0 where the name has none.
 */
size_t redirect_find(struct in_addr asked, bool may_look_up, int64_t patience_ms,
                     struct ip_address addresses[REDIRECT_ADDRESSES]);

/* The address that the program knows for one that it was sent to. */
bool redirect_recover(const struct ip_address *address, struct in_addr *asked);

#endif
