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
#ifndef V6SHIM_CORE_NAMES_CANDIDATES_H
#define V6SHIM_CORE_NAMES_CANDIDATES_H

#include <stdatomic.h>

#include "core/address/address.h"
#include "core/base/seqlock.h"
#include "core/base/siphash.h"
#include "core/names/faces.h"

#define CANDIDATES_PER_LIST 16
#define CANDIDATES_LISTS    512
#define CANDIDATES_BUCKETS  1024

/* How long an IPv4 address that the table of faces has no room for carries the candidates of the lookup that returned
   it. Others, and aliases, carry theirs as long as the lookup is on record: old programs resolve once. */
#define CANDIDATES_UNNOTED_LIFETIME_MS 60000

#define CANDIDATES_NO_FACE CANDIDATES_PER_LIST

/* One address as two words that can be read without a lock: family and scope are in `place`. */
struct candidate_entry {
    _Atomic uint64_t place; /* family << 32 | scope */
    _Atomic uint64_t high;  /* first eight bytes, or the IPv4 address */
    _Atomic uint64_t low;   /* last eight bytes of an IPv6 address */
    _Atomic uint32_t older; /* the next older entry of the same bucket; 0 ends the chain */
};

struct candidate_record {
    struct seqlock lock;
    _Atomic uint32_t count;
    _Atomic uint64_t name; /* hash of the name; 0 is "typed as a number" */
    _Atomic uint64_t thread;
    _Atomic int64_t time_ms;
    _Atomic uint32_t failed_leader; /* 1 + place of the address that led when all failed; 0 is none */
    _Atomic uint32_t face;          /* see candidate_list */
    struct candidate_entry entries[CANDIDATES_PER_LIST];
};

struct candidates {
    _Atomic uint32_t next; /* lookups recorded so far */
    _Atomic uint32_t buckets[CANDIDATES_BUCKETS];
    struct candidate_record records[CANDIDATES_LISTS];
    struct faces faces;
};

/* Where a lookup's result came from, for candidates_mark. */
struct candidate_mark {
    uint32_t failed_leader; /* as in candidate_record */
    uint32_t leader;        /* of the list */
    uint32_t record;        /* with the count of its lock */
    uint32_t sequence;
};

/* A copy of one lookup's result. */
struct candidate_list {
    size_t count;
    size_t leader; /* place of the address that was asked for */
    size_t face;   /* of the IPv4 address that the program was shown first; CANDIDATES_NO_FACE: it wasn't one */
    struct candidate_mark mark;
    struct ip_address addresses[CANDIDATES_PER_LIST];
};

/* A hash of a name, letter case ignored as DNS does (RFC 4343), one final dot too; never 0. The key is the process's
   own secret: nobody can make a name that is taken for another one. */
uint64_t candidates_name_hash(struct siphash_key key, const char *name);

/* The IPv6 addresses among these as a number for faces_show, whatever their order. */
uint64_t candidates_others_hash(struct siphash_key key, const struct ip_address *addresses, size_t count);

/* A lookup's result. More than CANDIDATES_PER_LIST addresses are cut. */
struct candidate_answer {
    uint64_t name; /* 0 means that the address was typed, or is to be taken as if it had been */
    size_t count;
    const struct ip_address *addresses; /* in the order in which they should be tried */
    size_t face;                        /* as in candidate_list */
};

/* Records a lookup. Writer. */
void candidates_record(struct candidates *table, uint64_t thread, int64_t now_ms,
                       const struct candidate_answer *answer);

/* Whether any lookup on record returned this address, and it isn't a shared one (FACE_SHARED). Reader. */
bool candidates_know(const struct candidates *table, const struct ip_address *address);

/*
 * The lookup that a connect() to `address` concerns: the newest one of this thread that returned it, else the newest
 * one of other threads if all of theirs were of one name: two names on one address must not be mixed up. False where
 * there is none, the address was typed, or is a shared one. Reader.
 */
bool candidates_find(const struct candidates *table, const struct ip_address *address, uint64_t thread,
                     int64_t now_ms, struct candidate_list *list);

/*
 * Remembers that every address of the list failed when mark->leader led (or, with `failed` false, that one worked),
 * so that a program which walks through the addresses by itself doesn't try them all each time. Safe beside writers.
 */
void candidates_mark(struct candidates *table, const struct candidate_mark *mark, bool failed);

#endif
