/*
 * Happy Eyeballs (RFC 8305 section 5): which connection attempt starts when, and how the race ends.
 *
 * A state machine on the caller's memory. It opens no socket and reads no clock: the driver asks eyeballs_next what
 * to do, does it, and reports what came of it. One driver may wait in ppoll for its only race, another serve
 * hundreds:
 *
 *     for (;;) {
 *         struct eyeballs_action action = eyeballs_next(&race, now());
 *         switch (action.kind) {
 *         case EYEBALLS_START:  connect candidate action.index, then report it started, failed or succeeded
 *         case EYEBALLS_WAIT:   sleep until a running attempt ends, or until action.until_ms; report what ended
 *         case EYEBALLS_WON:    close all of eyeballs_running, keep candidate action.index
 *         case EYEBALLS_FAILED: close all of eyeballs_running, return action.error
 *         }
 *     }
 *
 * Candidates are named by their place in the order in which they are to be tried (see eyeballs_interleave). Times are
 * milliseconds of any clock that never goes back. All functions are pure, async-signal-safe and leave errno alone; a
 * race is one thread's at a time.
 */
#ifndef V6SHIM_CORE_RACE_EYEBALLS_H
#define V6SHIM_CORE_RACE_EYEBALLS_H

#include "core/address/address.h"

#define EYEBALLS_CANDIDATES_MAX 16
#define EYEBALLS_RUNNING_MAX    6 /* sockets at once: what curl allows itself too */

/* RFC 8305 sections 5 and 8: between the starts of two attempts. */
#define EYEBALLS_DELAY_MINIMUM_MS 10 /* MUST NOT be less */
#define EYEBALLS_DELAY_MAXIMUM_MS 2000

#define EYEBALLS_NO_TIMER INT64_MAX /* only the end of an attempt can change anything */

enum eyeballs_state {
    EYEBALLS_PENDING, /* not tried yet */
    EYEBALLS_RUNNING,
    EYEBALLS_SUCCEEDED, /* the winner: one at most */
    EYEBALLS_BROKEN,    /* failed, with .error */
};

struct eyeballs_attempt {
    enum eyeballs_state state;
    int error; /* errno of a broken attempt */
    int64_t started_ms, ended_ms;
};

/* Read it freely (a trace does); change it through the functions. */
struct eyeballs {
    int64_t delay_ms;
    unsigned count;      /* candidates */
    unsigned next;       /* the first pending one; == count when all were tried */
    unsigned running;    /* attempts under way */
    int64_t earliest_ms; /* before this the next attempt does not start while others run */
    uint32_t legacy;     /* bit for each candidate, see eyeballs_limit_silence */
    int64_t silence_ms;
    struct eyeballs_attempt attempts[EYEBALLS_CANDIDATES_MAX];
};

enum eyeballs_action_kind { EYEBALLS_START, EYEBALLS_WAIT, EYEBALLS_WON, EYEBALLS_FAILED };

struct eyeballs_action {
    enum eyeballs_action_kind kind;
    unsigned index;   /* START, WON: the candidate */
    int error;        /* FAILED: errno */
    int64_t until_ms; /* WAIT: when to ask again at the latest; EYEBALLS_NO_TIMER for never */
};

/*
 * A race of `count` candidates; those after EYEBALLS_CANDIDATES_MAX are left out. `delay_ms` is brought within the
 * limits of RFC 8305. A race of none fails with ENETUNREACH.
 */
void eyeballs_init(struct eyeballs *race, unsigned count, int64_t delay_ms);

/*
 * Candidates with a bit in `legacy` are those that the program would have tried by itself, without IPv6. When all of
 * them have failed, and one was refused or given up (not for want of a route: then IPv6 is all that this host has),
 * the program would have been told by now: what still says nothing `silence_ms` later, counted from the last start,
 * is given up too. Without this call, or with no bit set, attempts run until they end.
 */
void eyeballs_limit_silence(struct eyeballs *race, uint32_t legacy, int64_t silence_ms);

/*
 * What to do now. Changes nothing: the same question gets the same answer until something is reported.
 *
 * An attempt starts at once when none is running, when the one that started last has failed, or when the delay since
 * that start has passed; never more than EYEBALLS_RUNNING_MAX at a time. Earlier attempts are left running.
 */
struct eyeballs_action eyeballs_next(const struct eyeballs *race, int64_t now_ms);

/* The attempt is under way (connect: EINPROGRESS). */
void eyeballs_attempt_started(struct eyeballs *race, unsigned index, int64_t now_ms);

/*
 * The attempt failed with `error` (an errno, above 0), at once or after it was started. Whatever the error is, it is
 * this candidate's alone: the EACCES of a firewall rule or a prohibited route says nothing about the next address,
 * which a program without IPv6 would have asked for in the first place.
 */
void eyeballs_attempt_failed(struct eyeballs *race, unsigned index, int error, int64_t now_ms);

/* The attempt is connected. False where the race was over, as another had won: close this one. */
bool eyeballs_attempt_succeeded(struct eyeballs *race, unsigned index, int64_t now_ms);

/* Lists the attempts under way, in the order in which they started: those to poll, and those to close at the end. */
unsigned eyeballs_running(const struct eyeballs *race, unsigned indexes[EYEBALLS_RUNNING_MAX]);

/*
 * Which candidate goes on alone where the race can't go on. One in `legacy` (eyeballs_limit_silence), so that nobody
 * is left with a silent IPv6 address whose program would have asked for an IPv4 one: the first that is running, else
 * the first that was not tried yet, which is to be started now. Without any, the attempt that leads: the first that
 * is running. -1: none.
 */
int eyeballs_successor(const struct eyeballs *race);

/* The first candidate in `legacy` (eyeballs_limit_silence) that has refused: of a race that failed, what came before
   it has lost to an answer, as it does to a winner. -1: none. */
int eyeballs_refusal(const struct eyeballs *race);

/*
 * Of those that came before the winner, the ones to be tried after others the next time, as bits. Not one that has
 * refused: it is on the network, and what it costs is a way there and back, at the port where nobody listens.
 *
 * Perhaps only slow are those without an error that had less time than EYEBALLS_SLOW_MS before another one was
 * connected: until then only one packet has been sent to them, and what answers on a longer way looks the same as
 * what is silent. Where the race ended by a refusal (eyeballs_refusal), the others were silent too long for that.
 */
#define EYEBALLS_SLOW_MS 1000 /* RFC 6298 section 2.1: the first retransmission of a SYN */

struct eyeballs_losers {
    uint32_t all;
    uint32_t slow; /* of all */
};

struct eyeballs_losers eyeballs_losers(const struct eyeballs *race, unsigned winner);

/*
 * Whether `error` tells a person more than `other` does. What came from the peer ranks first, then that a policy
 * forbids the way (EACCES, EPERM), then what says that there was no answer or no way there, and last what this host
 * never tried.
 */
bool eyeballs_error_outranks(int error, int other);

/* Whether a program that tried this address alone would have been told so: false where there was no way to it, or a
   shortage of ours kept the attempt from being made. */
bool eyeballs_was_asked(int error);

/*
 * RFC 8305 section 4: writes to `order` the indexes of the `count` candidates, which come sorted by preference, so
 * that the families alternate. `leader` (one of the indexes) goes first and its family is the first family; of that
 * family `first_family_count` are tried (at least 1) before the first of the other. Within a family the order is
 * kept.
 */
void eyeballs_interleave(const struct ip_address *candidates, unsigned count, unsigned leader,
                         unsigned first_family_count, unsigned *order);

#endif
