/*
 * A race in the background as preload/connect/background.c and its thread see it: the record, its sockets, its next
 * step.
 *
 * Async-signal-safe. All functions but the lock want the race locked.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_BACKGROUND_RACE_H
#define V6SHIM_PRELOAD_CONNECT_BACKGROUND_RACE_H

#include <signal.h>

#include "core/race/eyeballs.h"
#include "preload/base/pool.h"
#include "preload/connect/attempts.h"
#include "preload/connect/background.h"
#include "preload/connect/history.h"
#include "preload/log/log.h"
#include "preload/relay/relay.h"

#define SLOTS        EYEBALLS_RUNNING_MAX
#define FAMILY_SLOTS (SLOTS / 2)
#define NOBODY       (-1)

/*
 * A socket of a race, made inside the program's own call: the thread must not make descriptors, since it would take
 * low numbers that the program expects to get. It carries one attempt after the other.
 */
struct attempt_slot {
    int socket; /* NOBODY: none */
    uint64_t cookie;
    sa_family_t family;
    int attempt;      /* place in the race that it carries, NOBODY */
    bool used;        /* has to be dissolved before the next attempt */
    bool holds_error; /* failed, and its error was not read yet */
    bool answered;    /* failed by an answer of the peer's: what tells a person most */
    bool unwatched;   /* the thread's epoll set has no room for it: looked at by time */
};

struct background {
    _Atomic uint32_t next_free; /* the pool's */
    _Atomic uint32_t lock;
    int cancellation;            /* of the thread that holds the lock, before */
    _Atomic uint32_t generation; /* counts the uses of this memory; odd while a race is on */
    int fd;
    uint64_t placeholder; /* its cookie */
    uint64_t peer_cookie; /* its peer's */
    int peer;
    uint16_t port;
    enum background_awaits awaits; /* nothing is tried before it is known where `awaited` is */
    struct in_addr awaited;
    struct ip_address network;
    int64_t awaited_until_ms;
    struct history_candidates candidates;
    unsigned order[EYEBALLS_CANDIDATES_MAX];
    struct eyeballs eyeballs;
    struct attempt_slot slots[SLOTS];
    struct relay_pair relay; /* what will stand under the number where IPv6 wins; RELAY_NO_PAIR: the winner itself */
    bool is_stuck;           /* it has ended, but its placeholder could not be replaced: see background_end.c */
};

extern struct pool background_races;

struct background *background_at(uint32_t item);

/* Tells of the race; `attempt` NOBODY for none. */
void background_tell(const struct background *race, enum event_type type, int attempt, int result);

/* When the race wants to go on, INT64_MAX for not by time. Kept apart from the races, since the thread looks at all
   of them again and again. */
_Atomic int64_t *background_due(uint32_t item);

/* Locks: the holder makes a few system calls and never waits. Signals are blocked and cancellation is off until it is
   unlocked. */
void background_lock(struct background *race, sigset_t *before);
/* Its two steps, for what must not be interrupted between them. */
void background_block_signals(sigset_t *before);
void background_lock_blocked(struct background *race);
void background_unlock(struct background *race, const sigset_t *before);

/* Whether this memory holds a race that is under way. */
bool background_is_on(const struct background *race);

/* Whether the slot has a socket, and that is still the one that we made. */
bool background_slot_is_ours(const struct attempt_slot *slot);
void background_close_slot(struct attempt_slot *slot);

/* The socket that carries an attempt, or NULL. */
struct attempt_slot *background_slot_of(struct background *race, int attempt);
/* The socket that stands for the race in the program's eyes: of the attempt that leads, else any; NULL: none. */
struct attempt_slot *background_leading_slot(struct background *race);

/* Starts an attempt and reports it to the race. False where no socket is free: it has to wait for one. */
bool background_start_attempt(struct background *race, uint32_t item, unsigned attempt, int64_t now_ms);

/* A race that waits begins, if what it waits for is known by now. False where it has ended by that. */
bool background_begin(struct background *race, uint32_t item);

/* When the race is to go on: then, or earlier where an attempt has to be looked at. */
void background_wait_until(struct background *race, uint32_t item, int64_t until_ms, int64_t now_ms);

/* A socket whose connect() has failed, or is under way, takes another one after this; its error is read away. */
void background_dissolve(struct attempt_slot *slot);
/* How much a socket that has failed has to tell the program. */
int background_news_of(const struct attempt_slot *slot);

/* Ends the race. Everything of it is closed but what stands under the program's number. */
void background_close(struct background *race, uint32_t item);

/* Whether the number of the placeholder's peer still is that. */
bool background_peer_is_ours(const struct background *race);

/* Releases the placeholder's peer (placeholder.h), if there is one. */
void background_release_peer(struct background *race);

/* background_end.c: as background_close, after the slot's socket was put under the number, if our placeholder is
   still there. Where the kernel does not let us, the race stays, stuck. */
void background_commit(struct background *race, uint32_t item, struct attempt_slot *slot);
/* The same when all have failed: with a socket that says so. `error`: what to tell where no socket knows. */
void background_commit_failure(struct background *race, uint32_t item, int error);
/* Which socket goes on alone where the race can't go on: see eyeballs_successor(). An attempt may be started for it.
   NULL: none is left. */
struct attempt_slot *background_slot_to_keep(struct background *race, uint32_t item);

/* Puts a relay of the slot's socket under the number, where the port wants one and the socket is connected over IPv6.
   The socket is then used up. False: nothing was done. */
bool background_relay(struct background *race, struct attempt_slot *slot);

/* The parts of making a race, in the program's own call. A race without sockets, locked; NULL where none can be had.
 */
struct background *background_enter(int fd, uint16_t port, uint32_t *item, sigset_t *before);
/* Sockets for so many candidates of each family, or -errno. */
int background_make_slots(struct background *race, const struct original *original, unsigned ipv4, unsigned ipv6);
/* -EINPROGRESS, or why not. */
int background_put_placeholder(struct background *race, uint32_t item);
/* Unlocks; the thread goes on where it is -EINPROGRESS. */
void background_leave_to_thread(struct background *race, uint32_t item, const sigset_t *before, int result);

/* background_await.c: whether a race that waits may begin, with what it has waited for as its candidates. */
bool background_stop_awaiting(struct background *race, uint32_t item, int64_t now_ms);
/* Without any lock: waits for the answer as long as any call may that was asked not to. */
void background_await_briefly(enum background_awaits awaits, struct in_addr awaited);

#endif
