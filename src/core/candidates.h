/*
 * Which addresses belong together because one name lookup returned them: what a connect() to one of them may try
 * next.
 *
 * A table of the latest lookups on memory that the caller gives, zero at the start. One writer at a time (the caller
 * sees to that); readers take no lock, may run in signal handlers and beside the writer, and never wait: a list that
 * changes while it is read counts as absent. Nothing is ever freed; the oldest lookups make room for new ones.
 *
 * Pure: the caller passes the clock and the identity of the thread. errno left alone.
 */
#ifndef V6SHIM_CORE_CANDIDATES_H
#define V6SHIM_CORE_CANDIDATES_H

#include "core/address.h"

#include <stdatomic.h>

#define CANDIDATES_PER_LIST 16
#define CANDIDATES_LISTS    512
#define CANDIDATES_BUCKETS  1024

/* How long an IPv4 address carries the candidates of the lookup that returned it. Aliases carry theirs for ever: old
   programs resolve once; but an IPv4 address may be typed later by somebody who means just that address. */
#define CANDIDATES_IPV4_LIFETIME_MS 60000

/* One address as two words that can be read without a lock: family and scope are in `place`. */
struct candidate_entry {
    _Atomic uint64_t place; /* family << 32 | scope */
    _Atomic uint64_t high;  /* first eight bytes, or the IPv4 address */
    _Atomic uint64_t low;   /* last eight bytes of an IPv6 address */
    _Atomic uint32_t older; /* the next older entry of the same bucket; 0 ends the chain */
};

struct candidate_record {
    _Atomic uint32_t sequence; /* odd while the record is being written */
    _Atomic uint32_t count;
    _Atomic uint64_t name; /* hash of the name; 0 is "typed as a number" */
    _Atomic uint64_t thread;
    _Atomic int64_t time_ms;
    _Atomic uint32_t failed_leader; /* 1 + place of the address that led when all failed; 0 is none */
    struct candidate_entry entries[CANDIDATES_PER_LIST];
};

struct candidates {
    _Atomic uint32_t next; /* lookups recorded so far */
    _Atomic uint32_t buckets[CANDIDATES_BUCKETS];
    struct candidate_record records[CANDIDATES_LISTS];
};

/* A copy of one lookup's result. */
struct candidate_list {
    size_t count;
    size_t leader;          /* place of the address that was asked for */
    uint32_t failed_leader; /* as in candidate_record */
    uint32_t record;        /* for candidates_mark_failed */
    uint32_t sequence;
    struct ip_address addresses[CANDIDATES_PER_LIST];
};

/* A hash of a name, letter case ignored as DNS does (RFC 4343), one final dot too; never 0. */
uint64_t candidates_name_hash(const char *name);

/* Records a lookup. More than CANDIDATES_PER_LIST addresses are cut. `name` 0 means the address was typed. Writer. */
void candidates_record(struct candidates *table, uint64_t name, uint64_t thread, int64_t now_ms,
                       const struct ip_address *addresses, size_t count);

/* Whether any lookup on record returned this address. Reader. */
bool candidates_know(const struct candidates *table, const struct ip_address *address);

/*
 * The lookup that a connect() to `address` concerns: the newest one of this thread that returned it, else the newest
 * one of other threads if all of theirs were of one name: two names on one address must not be mixed up. An IPv4
 * address is matched for CANDIDATES_IPV4_LIFETIME_MS. False where there is none or the address was typed. Reader.
 */
bool candidates_find(const struct candidates *table, const struct ip_address *address, uint64_t thread,
                     int64_t now_ms, struct candidate_list *list);

/*
 * Remembers that every address of the list failed when list->leader led (or, with `failed` false, that one worked),
 * so that a program which walks through the addresses by itself doesn't try them all each time. Safe beside writers.
 */
void candidates_mark(struct candidates *table, const struct candidate_list *list, bool failed);

#endif
