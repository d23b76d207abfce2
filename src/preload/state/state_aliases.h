/*
 * The shared table of aliases: the file `aliases` of the state directory, a record of 32 bytes for each alias of the
 * pool (core/alias/alias.h); those of the transient range stay empty.
 *
 * IPv6 -> alias reads one page without a lock; only where something has to be written, that page is locked, read
 * again, and one record written. alias -> IPv6 reads one record without a lock. A killed process leaves the record
 * written or not; a record that is being written fails its checksum, and is read again.
 *
 * Async-signal-safe, errno kept. `fault` says why the file could not be used, for state_tell().
 */
#ifndef V6SHIM_PRELOAD_STATE_STATE_ALIASES_H
#define V6SHIM_PRELOAD_STATE_STATE_ALIASES_H

#include "preload/state/state.h"

enum state_answer {
    STATE_FOUND,   /* what was asked for, good for all processes that share the file */
    STATE_NOTHING, /* there is no such thing: for state_aliases_allot, no room in the address's page */
    STATE_FAILED   /* the file could not be used */
};

/*
 * The alias of `search->address`, without making one: its offset. search->seal and search->now are filled in
 * here.
 */
enum state_answer state_aliases_find(struct state *state, struct alias_search *search, uint32_t *offset,
                                     struct state_fault *fault);

/* The same, and where it has none it gets one, but with search->only_known; a peer that is asked for as a name
   becomes a name. Without an alias of its own it is STATE_NOTHING. */
enum state_answer state_aliases_allot(struct state *state, struct alias_search *search, uint32_t *offset,
                                      struct state_fault *fault);

/* The record at `offset`. With `use`, a peer counts as seen now. Link-local addresses of other boots are not found,
   nor what is in the transient range. */
enum state_answer state_aliases_read(struct state *state, uint32_t offset, bool use, struct alias_record *record,
                                     struct state_fault *fault);

/* Makes the place free, of a damaged record too: any address may get the alias from now on. STATE_NOTHING: it was
   free. Processes that have used the alias go on with what they know. For the command. */
enum state_answer state_aliases_forget(struct state *state, uint32_t offset, struct state_fault *fault);

/* Calls `each` for every good record, stale ones too, until it returns false. Any pool and key are listed: `pool`
   gets the file's. STATE_NOTHING: there is no file yet. For the command. */
typedef bool state_alias_visit(void *context, uint32_t offset, const struct alias_record *record);
enum state_answer state_aliases_each(struct state *state, struct alias_pool *pool, state_alias_visit *each,
                                     void *context, struct state_fault *fault);

#endif
