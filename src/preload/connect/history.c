/* Notes which addresses lost a race and puts them last in the next; called by both kinds of race. */
#include "preload/connect/history.h"

#include <errno.h>
#include <string.h>

#include "core/base/slot.h"
#include "core/linker/start.h"
#include "core/names/candidates.h"
#include "core/race/outcome.h"
#include "preload/base/clock.h"
#include "preload/connect/history_recent.h"
#include "preload/log/log.h"
#include "preload/state/state.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"

_Static_assert(OUTCOME_SIZE + SLOT_CHECKSUM_SIZE == STATE_HISTORY_SLOT_SIZE, "a record is the payload of a slot");

/* The network on which the address would be reached now; false where there is no route: nothing to remember then. */
static bool network_to(const struct ip_address *address, struct ip_address *network)
{
    struct ip_address source;
    if (!sources_find(address, &source))
        return false;
    *network = outcome_network(&source);
    return true;
}

static bool has_lost(struct state_reader *history, const struct ip_address *address, const struct ip_address *network)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome outcome;
    return state_reader_slot(history, outcome_slot(address, network, STATE_HISTORY_SLOTS), payload) &&
           outcome_decode(payload, &outcome) &&
           outcome_counts(&outcome, address, network, (uint64_t)clock_calendar_s());
}

void history_locate(struct history_candidates *candidates)
{
    int saved = errno;
    for (unsigned i = 0; i < candidates->count && !candidates->located; i++)
        if (!network_to(&candidates->addresses[i], &candidates->networks[i]))
            candidates->networks[i] = (struct ip_address){.family = AF_UNSPEC};
    candidates->located = true;
    errno = saved;
}

/* The others keep their order. */
static void move_last(struct history_candidates *candidates, unsigned place)
{
    struct ip_address address = candidates->addresses[place], network = candidates->networks[place];
    unsigned behind = candidates->count - place - 1;
    memmove(&candidates->addresses[place], &candidates->addresses[place + 1], behind * sizeof address);
    memmove(&candidates->networks[place], &candidates->networks[place + 1], behind * sizeof network);
    candidates->addresses[place + behind] = address;
    candidates->networks[place + behind] = network;
}

/* Those that have lost, as bits of their places; the networks are found only where there is a history. */
__attribute__((noinline)) static uint32_t find_losers(struct history_candidates *candidates)
{
    struct state_reader history;
    uint32_t lost = 0;
    if (!state_reader_open(&history, state_current(), STATE_HISTORY))
        return 0;
    history_locate(candidates);
    for (unsigned i = 0; i < candidates->count; i++)
        if (candidates->networks[i].family != AF_UNSPEC &&
            has_lost(&history, &candidates->addresses[i], &candidates->networks[i]))
            lost |= UINT32_C(1) << i;
    state_reader_close(&history);
    return lost;
}

static void put_losers_last(struct history_candidates *candidates, uint32_t lost)
{
    unsigned kept = 0;
    for (unsigned looked_at = 0; looked_at < candidates->count; looked_at++) {
        if ((lost >> looked_at & 1) != 0)
            move_last(candidates, kept);
        else
            kept++;
    }
    candidates->fresh = kept;
}

/* Why they are last, for a log or a trace alone: the file is read once more. */
__attribute__((noinline)) static void tell_losers(struct history_candidates *candidates)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome outcome;
    uint64_t now_s = (uint64_t)clock_calendar_s();
    history_locate(candidates);
    for (unsigned i = candidates->fresh; i < candidates->count; i++) {
        const struct ip_address *address = &candidates->addresses[i], *network = &candidates->networks[i];
        if (!state_slot_read(state_current(), STATE_HISTORY, outcome_slot(address, network, STATE_HISTORY_SLOTS),
                             payload) ||
            !outcome_decode(payload, &outcome) || !outcome_counts(&outcome, address, network, now_s))
            continue;
        struct event event = {.type = EVENT_BEHIND,
                              .fd = EVENT_NO_FD,
                              .candidates = address,
                              .candidate_count = 1,
                              .winner = &outcome.winner,
                              .seconds = (unsigned)(outcome.time_s + outcome.lifetime_s - now_s)};
        log_event(&event);
    }
}

void history_reorder(struct history_candidates *candidates)
{
    uint32_t lost;
    candidates->located = false;
    candidates->now_ms = clock_now_ms();
    uint64_t key = history_recent_key(candidates->addresses, candidates->count);
    if (!history_recent_find(key, candidates->now_ms, &lost)) {
        lost = find_losers(candidates);
        history_recent_keep(key, lost);
    }
    put_losers_last(candidates, lost);
    if (lost != 0 && candidates->fresh > 0 && log_wants_decisions())
        tell_losers(candidates);
}

int64_t history_silence_limit(void)
{
    const struct settings *settings = settings_current();
    return settings->attempt_delay_ms < settings->silence_limit_ms ? settings->attempt_delay_ms
                                                                   : settings->silence_limit_ms;
}

static void write_outcome(const struct outcome *outcome, bool still_counts)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome written = *outcome;
    if (!still_counts)
        written.address = (struct ip_address){.family = AF_UNSPEC};
    outcome_encode(&written, payload);
    state_slot_write(state_current(), STATE_HISTORY, STATE_CREATE,
                     outcome_slot(&outcome->address, &outcome->network, STATE_HISTORY_SLOTS), payload);
    history_recent_forget();
}

/* Whether it is noted. Not inline: nothing of it is on the stack while the file is written. */
__attribute__((noinline)) static bool is_noted(const struct outcome *outcome)
{
    struct state_reader history;
    if (!state_reader_open(&history, state_current(), STATE_HISTORY))
        return false;
    bool is_there = has_lost(&history, &outcome->address, &outcome->network);
    state_reader_close(&history);
    return is_there;
}

/* What has won after all is no loser any more. Its slot may be another address's by now. */
static void write_winner(const struct outcome *outcome)
{
    if (is_noted(outcome))
        write_outcome(outcome, false);
}

static void each_outcome(const struct history_candidates *candidates, const unsigned *order, unsigned winner,
                         struct eyeballs_losers losers, void (*lost)(const struct outcome *),
                         void (*won)(const struct outcome *))
{
    struct outcome outcome = {.winner = candidates->addresses[order[winner]], .time_s = (uint64_t)clock_calendar_s()};
    bool had_lost = order[winner] >= candidates->fresh;
    for (unsigned i = 0; i < winner + had_lost; i++) {
        outcome.address = candidates->addresses[order[i]];
        outcome.network = candidates->networks[order[i]];
        outcome.lifetime_s = (losers.slow >> i & 1) != 0 ? OUTCOME_SLOW_S : OUTCOME_LIFETIME_S;
        bool counts = i == winner || (losers.all >> i & 1) != 0;
        if (counts && outcome.network.family != AF_UNSPEC)
            (i < winner ? lost : won)(&outcome);
    }
}

/* Not inline, as is_noted(). */
__attribute__((noinline)) static void follow_noted(struct outcome *outcome)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome former;
    uint32_t slot = outcome_slot(&outcome->address, &outcome->network, STATE_HISTORY_SLOTS);
    if (state_slot_read(state_current(), STATE_HISTORY, slot, payload) && outcome_decode(payload, &former))
        outcome_follow(outcome, &former);
}

static void write_loser(const struct outcome *outcome)
{
    struct outcome written = *outcome;
    if (written.lifetime_s < OUTCOME_LIFETIME_S)
        follow_noted(&written);
    write_outcome(&written, true);
}

void history_note(struct history_candidates *candidates, const unsigned *order, unsigned winner,
                  struct eyeballs_losers losers)
{
    int saved = errno;
    if (losers.all == 0 && order[winner] < candidates->fresh)
        return;
    history_locate(candidates);
    each_outcome(candidates, order, winner, losers, write_loser, write_winner);
    errno = saved;
}

#define NOTES 64

/* One writer, the thread of the races; whoever flushes takes a note by exchanging its state. */
enum note_state { NOTE_EMPTY, NOTE_BUSY, NOTE_LOST, NOTE_WON };
static struct note {
    _Atomic int state;
    struct outcome outcome;
} notes[NOTES];
_Atomic unsigned history_waiting START_DATA; /* the end of every process looks, too */

static void keep(const struct outcome *outcome, enum note_state state)
{
    for (unsigned i = 0; i < NOTES; i++) {
        int empty = NOTE_EMPTY;
        if (!atomic_compare_exchange_strong(&notes[i].state, &empty, NOTE_BUSY))
            continue;
        notes[i].outcome = *outcome;
        atomic_store(&notes[i].state, state);
        atomic_fetch_add(&history_waiting, 1);
        return;
    }
}

static void keep_loser(const struct outcome *outcome)
{
    keep(outcome, NOTE_LOST);
}

static void keep_winner(const struct outcome *outcome)
{
    keep(outcome, NOTE_WON);
}

void history_note_later(const struct history_candidates *candidates, const unsigned *order, unsigned winner,
                        struct eyeballs_losers losers)
{
    each_outcome(candidates, order, winner, losers, keep_loser, keep_winner);
}

void history_write_notes(void)
{
    int saved = errno;
    for (unsigned i = 0; i < NOTES; i++) {
        int state = atomic_load(&notes[i].state);
        if (state < NOTE_LOST || !atomic_compare_exchange_strong(&notes[i].state, &state, NOTE_BUSY))
            continue;
        struct outcome outcome = notes[i].outcome;
        atomic_store(&notes[i].state, NOTE_EMPTY);
        atomic_fetch_sub(&history_waiting, 1);
        if (state == NOTE_LOST)
            write_loser(&outcome);
        else
            write_winner(&outcome);
    }
    errno = saved;
}

START_CODE __attribute__((destructor)) static void flush_at_exit(void)
{
    history_flush();
}
