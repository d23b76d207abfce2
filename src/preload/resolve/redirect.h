/*
 * Addresses that are burnt in to programs (RFC 4085), sent elsewhere (setting `redirect`).
 *
 * Async-signal-safe, but for what looks a name up, which starts a thread; errno kept.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_REDIRECT_H
#define V6SHIM_PRELOAD_RESOLVE_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address/address.h"
#include "preload/system/settings.h"

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

/* What is done for a name that was not looked up in the last minute. */
enum redirect_patience {
    REDIRECT_KNOWN,   /* nothing */
    REDIRECT_START,   /* it is looked up, for the next time */
    REDIRECT_BRIEFLY, /* and awaited for the resolution delay, once for each answer, whoever asks */
    REDIRECT_ASK,     /* and awaited */
};

/* Where to: an IPv6 address, or those of a name; where there is no newer answer, what it was before. How many
   addresses; 0: none, or not known yet. */
size_t redirect_find(struct in_addr asked, enum redirect_patience patience,
                     struct ip_address addresses[REDIRECT_ADDRESSES]);

/* Whether the name is being looked up; that is awaited as by REDIRECT_BRIEFLY. */
bool redirect_is_asked(struct in_addr asked);
void redirect_await_briefly(struct in_addr asked);

/* The address that the program knows for one that it was sent to. */
bool redirect_recover(const struct ip_address *address, struct in_addr *asked);

#endif
