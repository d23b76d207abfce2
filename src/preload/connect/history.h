/*
 * What came of earlier connections: an address that lost its race is tried after the others for ten minutes (RFC 6555
 * section 4.2), or for one where it was perhaps only slow, by all of the user's processes, on the network where that
 * was. Then it gets its chance again. One that has refused has not lost: the record would hold for its other ports
 * too.
 *
 * Async-signal-safe. A few system calls, and a few for each address where there is a history, so only asked where
 * there is a choice. errno kept.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_HISTORY_H
#define V6SHIM_PRELOAD_CONNECT_HISTORY_H

#include <stdatomic.h>

#include "core/names/candidates.h"
#include "core/race/eyeballs.h"

/* The candidates of one race, by preference, with the networks over which they would be reached. */
struct history_candidates {
    unsigned count;
    unsigned fresh; /* the first so many have not lost lately */
    bool located;   /* networks are known */
    int64_t now_ms; /* when history_reorder() was asked */
    struct ip_address addresses[CANDIDATES_PER_LIST];
    struct ip_address networks[CANDIDATES_PER_LIST]; /* AF_UNSPEC: no route */
};

/* Moves those that lost lately behind the others, each group in its order. Finds the networks only where there is any
   history, and was not asked about this list within a second (history_recent.h). What waits to be written down
   (history_flush) isn't looked at. */
void history_reorder(struct history_candidates *candidates);

/* How long one that has lost lately may say nothing once the IPv4 address has failed, in milliseconds: no longer than
   an attempt runs alone, `attempt-delay`, nor than `silence-limit`. */
int64_t history_silence_limit(void);

/* Finds the networks, if that was not done. Makes descriptors. */
void history_locate(struct history_candidates *candidates);

/* Candidate order[winner] has won; those before it in `order` have lost that have a bit in `losers`. Makes
   descriptors. */
void history_note(struct history_candidates *candidates, const unsigned *order, unsigned winner,
                  struct eyeballs_losers losers);

/*
 * The same of located candidates, from a thread of ours, which must not make descriptors (they would take low numbers
 * that the program expects to get): written down by history_flush, in a call of the program's or at its end. The
 * oldest notes are lost where there are too many.
 */
void history_note_later(const struct history_candidates *candidates, const unsigned *order, unsigned winner,
                        struct eyeballs_losers losers);
extern _Atomic unsigned history_waiting; /* how many notes */
void history_write_notes(void);
static inline void history_flush(void)
{
    if (__builtin_expect(atomic_load_explicit(&history_waiting, memory_order_relaxed) != 0, 0))
        history_write_notes();
}

#endif
