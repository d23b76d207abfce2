/*
 * Where the addresses that a program handles came from, by value: an address that reaches connect() is looked up
 * here.
 *
 * A fixed table, inherited by forked children. Async-signal-safe, no malloc, no lock that waits: an entry that
 * somebody is writing is passed over.
 */
#ifndef V6SHIM_CHECK_OBSERVER_ORIGINS_H
#define V6SHIM_CHECK_OBSERVER_ORIGINS_H

#include "core/events/observation.h"

/* An origin of that kind; `name` may be NULL. */
struct origin origin_make(enum origin_kind kind, const char *call, const char *name);

/* The address came from there, last of all. */
void origins_note(const struct ip_address *address, const struct origin *origin);

/* The same, unless the address is known already: a peer that was connected to keeps the origin it had. */
void origins_note_new(const struct ip_address *address, const struct origin *origin);

/* ORIGIN_NONE where nothing is known of it, ORIGIN_UNKNOWN where something may have been forgotten. */
struct origin origins_find(const struct ip_address *address);

#endif
