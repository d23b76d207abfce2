/*
 * One pool of aliases as this process knows it: what it remembers, in front of the table that all processes of the
 * user share (state_aliases.h), and beside it the aliases of the transient range (core/alias/alias.h), which are this
 * process's own: those of names are in the book and good for its whole life, those of peers in transient.h. The alias
 * pool is one; each range of the setting alias-map in which addresses are allotted is another. For aliases.c, see
 * there.
 *
 * What is kept in memory is found by a hash with the secret of the process; the table has a key of its own.
 *
 * All functions are async-signal-safe and safe for threads; they may be interrupted anywhere, by themselves too, and
 * abandoned by siglongjmp. errno kept.
 */
#ifndef V6SHIM_PRELOAD_ALIAS_ALIAS_SPACE_H
#define V6SHIM_PRELOAD_ALIAS_ALIAS_SPACE_H

#include "preload/alias/alias_book.h"
#include "preload/alias/peer_cache.h"
#include "preload/alias/transient.h"
#include "preload/base/allowance.h"
#include "preload/state/state.h"

/* All zero at first, but for `state`. */
struct alias_space {
    struct state *state;
    struct alias_book book;
    struct peer_cache peers;
    struct transient_table transient;
    struct allowance_used stored; /* peers that this process has added to the table */
};

/* Forgets what this thread has kept. Once, at start. */
void alias_space_start(void);
/* The alias of an address, of any space, that this thread asked for last, where it is for good. */
bool alias_space_recall(const struct ip_address *address, struct in_addr *alias);

/* Makes the file of the space now. */
void alias_space_prepare(struct alias_space *space);

/* What is remembered of the peers in the table holds for the life of this process from now on: it is about to become
   another user, whose table says nothing of them. */
void alias_space_keep_peers(struct alias_space *space);

/* The address that means nobody: the first of the pool. */
struct in_addr alias_space_nobody(const struct alias_space *space);

/* As the functions of aliases.h. `address` is of IPv6, with a scope only if it is link-local. */
struct in_addr alias_space_of(struct alias_space *space, const struct ip_address *address, enum alias_kind kind);
bool alias_space_peek(struct alias_space *space, const struct ip_address *address, struct in_addr *alias,
                      struct state_fault *fault);
bool alias_space_find(struct alias_space *space, struct in_addr alias, struct ip_address *address);

#endif
