/* Takes the next step of a race in the background; called by connect() first, then by the thread of races. */
#include "preload/connect/background_race.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/race/eyeballs.h"
#include "preload/base/clock.h"
#include "preload/base/pool.h"
#include "preload/connect/attempts.h"
#include "preload/connect/history.h"
#include "preload/connect/placeholder.h"
#include "preload/connect/race.h"
#include "preload/connect/race_thread.h"
#include "preload/log/log.h"
#include "preload/socket/replace.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

_Atomic unsigned background_count;

static void *_Atomic race_chunks[POOL_CHUNKS];
struct pool background_races = {.item_size = sizeof(struct background), .chunks = race_chunks};

struct background *background_at(uint32_t item)
{
    return pool_at(&background_races, item);
}

_Atomic int64_t *background_due(uint32_t item)
{
    static void *_Atomic chunks[POOL_CHUNKS];
    static _Atomic int64_t nothing = INT64_MAX;
    uint32_t place = item - 1;
    _Atomic int64_t *chunk = pool_chunk(&chunks[place / POOL_CHUNK_ITEMS], NULL, POOL_CHUNK_ITEMS * sizeof *chunk);
    return chunk != NULL ? &chunk[place % POOL_CHUNK_ITEMS] : &nothing;
}

void background_block_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void background_lock_blocked(struct background *race)
{
    int cancellation;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation);
    while (atomic_exchange_explicit(&race->lock, 1, memory_order_acquire) != 0)
        sched_yield();
    race->cancellation = cancellation;
}

void background_lock(struct background *race, sigset_t *before)
{
    background_block_signals(before);
    background_lock_blocked(race);
}

void background_unlock(struct background *race, const sigset_t *before)
{
    int cancellation = race->cancellation;
    atomic_store_explicit(&race->lock, 0, memory_order_release);
    pthread_setcancelstate(cancellation, NULL);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool background_is_on(const struct background *race)
{
    return atomic_load(&race->generation) % 2 != 0;
}

static const struct ip_address *candidate_of(const struct background *race, unsigned attempt)
{
    return &race->candidates.addresses[race->order[attempt]];
}

void background_tell(const struct background *race, enum event_type type, int attempt, int result)
{
    log_connection(type, race->fd, attempt == NOBODY ? NULL : candidate_of(race, (unsigned)attempt), race->port,
                   result);
}

bool background_slot_is_ours(const struct attempt_slot *slot)
{
    return slot->socket != NOBODY && kernel_socket_cookie(slot->socket) == slot->cookie;
}

void background_close_slot(struct attempt_slot *slot)
{
    if (background_slot_is_ours(slot))
        REAL(close)(slot->socket);
    slot->socket = NOBODY;
}

bool background_peer_is_ours(const struct background *race)
{
    return race->peer != NOBODY && kernel_socket_cookie(race->peer) == race->peer_cookie;
}

void background_release_peer(struct background *race)
{
    if (background_peer_is_ours(race))
        placeholder_release(race->peer);
    race->peer = NOBODY;
}

void background_close(struct background *race, uint32_t item)
{
    for (unsigned i = 0; i < SLOTS; i++)
        background_close_slot(&race->slots[i]);
    background_release_peer(race);
    relay_close_pair(&race->relay);
    struct socket_record *record = sockets_glimpse(race->fd);
    if (record != NULL && atomic_load(&record->race) == item) /* else the number is another socket's by now */
        sockets_clear(record, SOCKET_RACING);
    atomic_store(background_due(item), INT64_MAX);
    atomic_fetch_add(&race->generation, 1);
    atomic_fetch_sub(&background_count, 1);
    pool_give(&background_races, item);
}

void background_dissolve(struct attempt_slot *slot)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    REAL(connect)(slot->socket, &nowhere, sizeof nowhere);
    kernel_socket_integer(slot->socket, SO_ERROR);
    slot->holds_error = slot->answered = false;
}

struct attempt_slot *background_slot_of(struct background *race, int attempt)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].socket != NOBODY && race->slots[i].attempt == attempt)
            return &race->slots[i];
    return NULL;
}

int background_news_of(const struct attempt_slot *slot)
{
    return slot->holds_error + (slot->holds_error && slot->answered);
}

/* A free socket of the family: the one that is missed least when its error is read away. */
static struct attempt_slot *free_slot(struct background *race, sa_family_t family)
{
    struct attempt_slot *found = NULL;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct attempt_slot *slot = &race->slots[i];
        if (slot->socket == NOBODY || slot->family != family || slot->attempt != NOBODY)
            continue;
        if (found == NULL || background_news_of(slot) < background_news_of(found))
            found = slot;
    }
    return found;
}

bool background_start_attempt(struct background *race, uint32_t item, unsigned attempt, int64_t now_ms)
{
    const struct ip_address *candidate = candidate_of(race, attempt);
    struct attempt_slot *slot = free_slot(race, candidate->family);
    if (slot == NULL)
        return false;
    if (slot->used)
        background_dissolve(slot);
    slot->used = true;
    struct sockaddr_storage address;
    socklen_t length = address_to_sockaddr(candidate, race->port, &address);
    int prohibited = race_prohibits(&race->eyeballs, &race->candidates, race->order, attempt);
    int result = prohibited != 0                                                               ? -prohibited
                 : !background_slot_is_ours(slot)                                              ? -ECONNABORTED
                 : REAL(connect)(slot->socket, (const struct sockaddr *)&address, length) == 0 ? 0
                                                                                               : -errno;
    log_attempt(race->fd, candidate, race->port, result);
    if (result != 0 && result != -EINPROGRESS) {
        eyeballs_attempt_failed(&race->eyeballs, attempt, -result, now_ms);
        return true;
    }
    slot->attempt = (int)attempt;
    eyeballs_attempt_started(&race->eyeballs, attempt, now_ms);
    if (result == 0)
        eyeballs_attempt_succeeded(&race->eyeballs, attempt, now_ms);
    else
        slot->unwatched = race_thread_watch(slot->socket, EPOLLOUT | EPOLLERR | EPOLLHUP, item,
                                            atomic_load(&race->generation), (unsigned)(slot - race->slots)) != 0;
    return true;
}

/* What is to be remembered of a race that was won, or ended by a refusal: written without the lock, since the file
 * may have to be waited for. */
struct memory {
    bool is_to_be_noted;
    unsigned winner;
    struct eyeballs_losers losers;
    struct history_candidates candidates;
    unsigned order[EYEBALLS_CANDIDATES_MAX];
};

static void remember(const struct background *race, unsigned winner, struct memory *memory)
{
    memory->is_to_be_noted = true;
    memory->winner = winner;
    memory->losers = eyeballs_losers(&race->eyeballs, winner);
    memory->candidates = race->candidates;
    memcpy(memory->order, race->order, sizeof memory->order);
}

static void remember_refusal(const struct background *race, struct memory *memory)
{
    int refused = eyeballs_refusal(&race->eyeballs);
    if (refused >= 0)
        remember(race, (unsigned)refused, memory);
}

static void note(const struct memory *memory)
{
    if (memory->is_to_be_noted)
        history_note_later(&memory->candidates, memory->order, memory->winner, memory->losers);
}

/*
 * What became of an attempt, with its error left for the program to read (SO_ERROR reads it away): by the state of
 * the connection. That it was refused shows in SO_INCOMING_CPU, which is set by a packet that reaches the socket, and
 * not by an ICMP error or by silence (measured on Linux 6.18).
 */
static void report(struct background *race, struct attempt_slot *slot, int64_t now_ms)
{
    unsigned attempt = (unsigned)slot->attempt;
    int state = background_slot_is_ours(slot) ? kernel_tcp_state(slot->socket) : -ECONNABORTED;
    if (slot->attempt == NOBODY || state == TCP_SYN_SENT)
        return;
    bool connected = state >= 0 && state != TCP_CLOSE;
    race_thread_unwatch(slot->socket);
    slot->unwatched = false;
    if (connected) {
        background_tell(race, EVENT_ATTEMPT, (int)attempt, 0);
        eyeballs_attempt_succeeded(&race->eyeballs, attempt, now_ms);
        return;
    }
    slot->attempt = NOBODY;
    slot->holds_error = state == TCP_CLOSE;
    slot->answered = kernel_socket_integer(slot->socket, SO_INCOMING_CPU) >= 0;
    background_tell(race, EVENT_ATTEMPT, (int)attempt, slot->answered ? -ECONNREFUSED : -EVENT_UNKNOWN_ERROR);
    eyeballs_attempt_failed(&race->eyeballs, attempt, slot->answered ? ECONNREFUSED : ECONNABORTED, now_ms);
}

/* Attempts that can't be watched, for want of memory, are looked at from time to time. */
#define UNWATCHED_MS 50

static void report_unwatched(struct background *race, int64_t now_ms)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct attempt_slot *slot = &race->slots[i];
        if (slot->socket != NOBODY && slot->attempt != NOBODY && slot->unwatched)
            report(race, slot, now_ms);
    }
}

void background_wait_until(struct background *race, uint32_t item, int64_t until_ms, int64_t now_ms)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].socket != NOBODY && race->slots[i].attempt != NOBODY && race->slots[i].unwatched &&
            until_ms > now_ms + UNWATCHED_MS)
            until_ms = now_ms + UNWATCHED_MS;
    atomic_store(background_due(item), until_ms);
}

/* Does what the race wants done now, until it has ended or has to wait. */
static void step(struct background *race, uint32_t item, int64_t now_ms, struct memory *memory)
{
    report_unwatched(race, now_ms);
    while (race->awaits == BACKGROUND_AWAITS_NOTHING || background_stop_awaiting(race, item, now_ms)) {
        struct eyeballs_action action = eyeballs_next(&race->eyeballs, now_ms);
        switch (action.kind) {
        case EYEBALLS_START:
            if (background_start_attempt(race, item, action.index, now_ms))
                break;
            background_wait_until(race, item, INT64_MAX, now_ms);
            return;
        case EYEBALLS_WAIT:
            background_wait_until(race, item, action.until_ms, now_ms);
            return;
        case EYEBALLS_WON:
            background_tell(race, EVENT_WON, (int)action.index, 0);
            remember(race, action.index, memory);
            background_commit(race, item, background_slot_of(race, (int)action.index));
            return;
        case EYEBALLS_FAILED:
        default:
            remember_refusal(race, memory);
            background_tell(race, EVENT_FAILED, NOBODY,
                            action.error == ECONNABORTED ? -EVENT_UNKNOWN_ERROR : -action.error);
            background_commit_failure(race, item, action.error);
            return;
        }
    }
}

bool background_begin(struct background *race, uint32_t item)
{
    struct memory memory = {.is_to_be_noted = false}; /* nothing of such a race is remembered */
    if (race->awaits != BACKGROUND_AWAITS_NOTHING)
        step(race, item, clock_now_ms(), &memory);
    return background_is_on(race);
}

static void step_one(uint32_t item, int64_t now_ms)
{
    struct background *race = background_at(item);
    struct memory memory = {.is_to_be_noted = false};
    sigset_t before;
    background_lock(race, &before);
    if (background_is_on(race) && !race->is_stuck && atomic_load(background_due(item)) <= now_ms)
        step(race, item, now_ms, &memory);
    background_unlock(race, &before);
    note(&memory);
}

int64_t background_step_all(int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    uint32_t last = atomic_load(&background_races.taken);
    for (uint32_t item = 1; item <= last; item++) {
        if (atomic_load(background_due(item)) <= now_ms)
            step_one(item, now_ms);
        int64_t due_ms = atomic_load(background_due(item));
        if (due_ms < next_ms)
            next_ms = due_ms;
    }
    return next_ms;
}

struct attempt_slot *background_leading_slot(struct background *race)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    if (eyeballs_running(&race->eyeballs, running) > 0 && background_slot_of(race, (int)running[0]) != NULL)
        return background_slot_of(race, (int)running[0]);
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].socket != NOBODY)
            return &race->slots[i];
    return NULL;
}

void background_event(uint32_t item, uint32_t generation, unsigned slot)
{
    struct background *race = background_at(item);
    struct memory memory = {.is_to_be_noted = false};
    sigset_t before;
    background_lock(race, &before);
    if (atomic_load(&race->generation) == generation && generation % 2 != 0) {
        int64_t now_ms = clock_now_ms();
        if (slot == BACKGROUND_PEER) { /* the number was closed behind our back */
            background_tell(race, EVENT_CANCELLED, NOBODY, 0);
            background_close(race, item);
        } else if (slot < SLOTS && !race->is_stuck) {
            report(race, &race->slots[slot], now_ms);
            step(race, item, now_ms, &memory);
        }
    }
    background_unlock(race, &before);
    note(&memory);
}

void background_abandon_all(void)
{
    uint32_t last = atomic_load(&background_races.taken);
    for (uint32_t item = 1; item <= last; item++) {
        struct background *race = background_at(item);
        sigset_t before;
        background_lock(race, &before);
        if (background_is_on(race) && !race->is_stuck) {
            struct attempt_slot *slot = background_slot_to_keep(race, item);
            background_tell(race, EVENT_HANDED, slot != NULL ? slot->attempt : NOBODY, 0);
            if (slot != NULL)
                background_commit(race, item, slot);
            else
                background_close(race, item);
        }
        background_unlock(race, &before);
    }
}
