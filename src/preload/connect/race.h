/*
 * Happy Eyeballs (RFC 8305) for a program that asked to connect one blocking socket: drives core/race/eyeballs with
 * real sockets, inside connect() and in the calling thread.
 *
 * Async-signal-safe. The sockets of a race are kept on record outside the stack: where the program leaves connect()
 * by siglongjmp, or its thread is cancelled, they are closed by the thread's next hook, or at its end. The thread can
 * be cancelled while it sleeps, and not between.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_RACE_H
#define V6SHIM_PRELOAD_CONNECT_RACE_H

#include "core/race/eyeballs.h"
#include "preload/connect/attempts.h"
#include "preload/connect/destinations.h"
#include "preload/connect/history.h"

/*
 * Races the candidates and puts the winner under the original's number. 0; -EINTR, or -EINPROGRESS after SO_SNDTIMEO,
 * with one attempt under the number, to IPv4 if the name has it, where it goes on as any connection of one socket
 * would; else the most telling error of all, and the program's socket is as it was. -EAGAIN: the race could not be
 * had, or not be carried to its end (no descriptors, options that can't be carried over, a sandbox): try them in
 * order, IPv4 first.
 */
int race_run(const struct original *original, const struct destinations *destinations, uint16_t port);

/*
 * shutdown() of a socket whose connect() another thread is waiting for: that ends with ECONNRESET, as on one socket.
 * False where it isn't raced. `race_running`: how many are, in this process.
 */
bool race_shut_down(int fd);
extern _Atomic unsigned race_running;

/* The innermost race of this thread; 0 where there is none. */
extern __thread uint32_t race_current __attribute__((tls_model("initial-exec")));
/* Closes what a race of this thread has left that was abandoned by siglongjmp. */
void race_close_abandoned(void);
static inline void race_clean_up(void)
{
    if (__builtin_expect(race_current != 0, 0))
        race_close_abandoned();
}

/* At the end of a thread: the same for all of its races. */
void race_abandon_all(void);

/* In the child of a fork: the races of other threads are not its own. */
void race_after_fork(void);

/* --- The order in which the candidates of any race start, this or one in the background (background.h). --- */

/*
 * Copies the candidates, those that have lost lately behind the others, and writes to `order` the places in
 * `candidates` as they are to start: families alternate, the address that was asked for leads (RFC 8305 section 4).
 */
void race_order(const struct destinations *destinations, struct history_candidates *candidates,
                unsigned order[EYEBALLS_CANDIDATES_MAX]);

/* The candidates, as bits of their places in the race, that the program's call would have tried without the library
   (destinations_bare_tries). */
uint32_t race_legacy(const struct destinations *destinations, const struct history_candidates *candidates,
                     const unsigned *order);

/* How long the others may say nothing once those have failed (eyeballs_limit_silence): `silence-limit`; where all of
   them have lost lately no longer than an attempt runs alone, `attempt-delay`. In milliseconds. */
int64_t race_silence_limit(uint32_t legacy, const struct history_candidates *candidates, const unsigned *order);

/* Notes after a race that failed those that were tried before the one of `legacy` that refused, and did not refuse
   themselves, so that the refusal is told sooner the next time. Makes descriptors (history_note). */
void race_note_refusal(const struct eyeballs *race, struct history_candidates *candidates, const unsigned *order);

/*
 * What this host prohibits (a firewall, a route: EACCES, EPERM) is one address's own failure, and the others of its
 * name go on. But NAT64's ways to that very address would walk round the rule: the errno with which an attempt fails
 * before it starts, as the address that it leads to has failed so; 0: it may start.
 */
int race_prohibits(const struct eyeballs *race, const struct history_candidates *candidates, const unsigned *order,
                   unsigned attempt);

#endif
