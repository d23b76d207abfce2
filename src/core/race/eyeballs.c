/* Decides which attempt of a race starts when and which wins; called by preload/connect/race.c and
   background_race.c. */
#include "core/race/eyeballs.h"

#include <errno.h>
#include <string.h>

void eyeballs_init(struct eyeballs *race, unsigned count, int64_t delay_ms)
{
    memset(race, 0, sizeof *race);
    race->count = count < EYEBALLS_CANDIDATES_MAX ? count : EYEBALLS_CANDIDATES_MAX;
    race->delay_ms = delay_ms < EYEBALLS_DELAY_MINIMUM_MS   ? EYEBALLS_DELAY_MINIMUM_MS
                     : delay_ms > EYEBALLS_DELAY_MAXIMUM_MS ? EYEBALLS_DELAY_MAXIMUM_MS
                                                            : delay_ms;
}

enum error_rank {
    RANK_NOT_TRIED,   /* no such family, address or protocol here */
    RANK_NO_ROUTE,    /* nobody was asked */
    RANK_SHORTAGE,    /* out of descriptors or memory, or something odd: it might have worked */
    RANK_UNREACHABLE, /* a router, or silence on the last link */
    RANK_SILENCE,
    RANK_PROHIBITED, /* by a firewall or a route, here or on the way */
    RANK_ANSWER,     /* the peer said no */
};

static enum error_rank error_rank(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOPROTOOPT: /* ICMP protocol unreachable */
    case EPROTO:      /* ICMPv6 parameter problem */
        return RANK_ANSWER;
    case EACCES:
    case EPERM:
        return RANK_PROHIBITED;
    case ETIMEDOUT:
        return RANK_SILENCE;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENONET:
        return RANK_UNREACHABLE;
    case ENETUNREACH:
    case ENETDOWN:
        return RANK_NO_ROUTE;
    case EAFNOSUPPORT:
    case EPFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
    case EADDRNOTAVAIL:
        return RANK_NOT_TRIED;
    default:
        return RANK_SHORTAGE;
    }
}

bool eyeballs_error_outranks(int error, int other)
{
    return error_rank(error) > error_rank(other);
}

bool eyeballs_was_asked(int error)
{
    return error_rank(error) >= RANK_UNREACHABLE || error == EADDRNOTAVAIL; /* no port is left to ask from */
}

void eyeballs_limit_silence(struct eyeballs *race, uint32_t legacy, int64_t silence_ms)
{
    race->legacy = legacy;
    race->silence_ms = silence_ms;
}

/* When attempts that say nothing are given up. */
static int64_t end_of_silence(const struct eyeballs *race)
{
    int64_t since_ms = INT64_MIN;
    bool asked = false;
    for (unsigned index = 0; index < race->count; index++) {
        const struct eyeballs_attempt *attempt = &race->attempts[index];
        bool legacy = (race->legacy >> index & 1) != 0;
        if (legacy && attempt->state != EYEBALLS_BROKEN)
            return EYEBALLS_NO_TIMER;
        asked = asked || (legacy && eyeballs_was_asked(attempt->error));
        int64_t latest_ms = legacy                               ? attempt->ended_ms
                            : attempt->state != EYEBALLS_PENDING ? attempt->started_ms
                                                                 : INT64_MIN;
        if (latest_ms > since_ms)
            since_ms = latest_ms;
    }
    return asked ? since_ms + race->silence_ms : EYEBALLS_NO_TIMER;
}

/* The most telling of all errors; among equals that of the candidate tried first. */
static int telling_error(const struct eyeballs *race)
{
    int best = 0;
    for (unsigned index = 0; index < race->count; index++) {
        const struct eyeballs_attempt *attempt = &race->attempts[index];
        if (attempt->state == EYEBALLS_BROKEN && (best == 0 || eyeballs_error_outranks(attempt->error, best)))
            best = attempt->error;
    }
    return best != 0 ? best : ENETUNREACH;
}

static int winner(const struct eyeballs *race)
{
    for (unsigned index = 0; index < race->count; index++) {
        if (race->attempts[index].state == EYEBALLS_SUCCEEDED)
            return (int)index;
    }
    return -1;
}

struct eyeballs_action eyeballs_next(const struct eyeballs *race, int64_t now_ms)
{
    int won = winner(race);
    if (won >= 0)
        return (struct eyeballs_action){.kind = EYEBALLS_WON, .index = (unsigned)won};

    bool pending = race->next < race->count;
    if (!pending && race->running == 0)
        return (struct eyeballs_action){.kind = EYEBALLS_FAILED, .error = telling_error(race)};

    bool may_overlap = race->running < EYEBALLS_RUNNING_MAX;
    if (pending && (race->running == 0 || (may_overlap && now_ms >= race->earliest_ms)))
        return (struct eyeballs_action){.kind = EYEBALLS_START, .index = race->next};
    int64_t until_ms = pending && may_overlap ? race->earliest_ms : end_of_silence(race);
    if (now_ms >= until_ms)
        return (struct eyeballs_action){.kind = EYEBALLS_FAILED, .error = telling_error(race)};
    return (struct eyeballs_action){.kind = EYEBALLS_WAIT, .until_ms = until_ms};
}

/* Candidates are tried in order, so the one reported on for the first time is the next one. */
static void leave_pending(struct eyeballs *race, unsigned index, int64_t now_ms)
{
    race->attempts[index].started_ms = now_ms;
    if (race->next <= index)
        race->next = index + 1;
}

void eyeballs_attempt_started(struct eyeballs *race, unsigned index, int64_t now_ms)
{
    if (index >= race->count || race->attempts[index].state != EYEBALLS_PENDING)
        return;
    leave_pending(race, index, now_ms);
    race->attempts[index].state = EYEBALLS_RUNNING;
    race->running++;
    race->earliest_ms = now_ms + race->delay_ms;
}

/* Takes an attempt out of those pending or running; false if it was neither. */
static bool end_attempt(struct eyeballs *race, unsigned index, enum eyeballs_state state, int64_t now_ms)
{
    if (index >= race->count)
        return false;
    struct eyeballs_attempt *attempt = &race->attempts[index];
    if (attempt->state == EYEBALLS_PENDING)
        leave_pending(race, index, now_ms);
    else if (attempt->state == EYEBALLS_RUNNING)
        race->running--;
    else
        return false;
    attempt->state = state;
    attempt->ended_ms = now_ms;
    return true;
}

void eyeballs_attempt_failed(struct eyeballs *race, unsigned index, int error, int64_t now_ms)
{
    if (!end_attempt(race, index, EYEBALLS_BROKEN, now_ms))
        return;
    race->attempts[index].error = error;
    /* The delay gives the newest attempt its chance before the next one; it has had it. */
    if (index + 1 == race->next)
        race->earliest_ms = now_ms;
}

bool eyeballs_attempt_succeeded(struct eyeballs *race, unsigned index, int64_t now_ms)
{
    if (winner(race) >= 0)
        return false;
    return end_attempt(race, index, EYEBALLS_SUCCEEDED, now_ms);
}

unsigned eyeballs_running(const struct eyeballs *race, unsigned indexes[EYEBALLS_RUNNING_MAX])
{
    unsigned count = 0;
    for (unsigned index = 0; index < race->count && count < EYEBALLS_RUNNING_MAX; index++) {
        if (race->attempts[index].state == EYEBALLS_RUNNING)
            indexes[count++] = index;
    }
    return count;
}

int eyeballs_successor(const struct eyeballs *race)
{
    static const enum eyeballs_state wanted[] = {EYEBALLS_RUNNING, EYEBALLS_PENDING};
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        for (unsigned index = 0; index < race->count; index++)
            if ((race->legacy >> index & 1) != 0 && race->attempts[index].state == wanted[i])
                return (int)index;
    unsigned running[EYEBALLS_RUNNING_MAX];
    return eyeballs_running(race, running) > 0 ? (int)running[0] : -1;
}

int eyeballs_refusal(const struct eyeballs *race)
{
    for (unsigned index = 0; index < race->count; index++)
        if ((race->legacy >> index & 1) != 0 && race->attempts[index].error == ECONNREFUSED)
            return (int)index;
    return -1;
}

struct eyeballs_losers eyeballs_losers(const struct eyeballs *race, unsigned winner)
{
    struct eyeballs_losers losers = {0, 0};
    const struct eyeballs_attempt *won = &race->attempts[winner];
    for (unsigned index = 0; index < winner; index++) {
        const struct eyeballs_attempt *attempt = &race->attempts[index];
        uint32_t bit = UINT32_C(1) << index;
        if (attempt->error == ECONNREFUSED)
            continue;
        losers.all |= bit;
        if (attempt->state == EYEBALLS_RUNNING && won->state == EYEBALLS_SUCCEEDED &&
            won->ended_ms - attempt->started_ms < EYEBALLS_SLOW_MS)
            losers.slow |= bit;
    }
    return losers;
}

/* The next candidate at or after `from` that is (or is not) of the family, and is not the leader; `count` for none.
 */
static unsigned find_family(const struct ip_address *candidates, unsigned count, unsigned leader, unsigned from,
                            bool first_family)
{
    while (from < count && (from == leader || (candidates[from].family == candidates[leader].family) != first_family))
        from++;
    return from;
}

void eyeballs_interleave(const struct ip_address *candidates, unsigned count, unsigned leader,
                         unsigned first_family_count, unsigned *order)
{
    unsigned filled = 0;
    if (count == 0)
        return;
    if (first_family_count == 0)
        first_family_count = 1;
    order[filled++] = leader;
    unsigned same = find_family(candidates, count, leader, 0, true);
    unsigned other = find_family(candidates, count, leader, 0, false);
    while (filled < count) {
        bool others_turn = filled >= first_family_count && (filled - first_family_count) % 2 == 0;
        if ((others_turn && other < count) || same == count) {
            order[filled++] = other;
            other = find_family(candidates, count, leader, other + 1, false);
        } else {
            order[filled++] = same;
            same = find_family(candidates, count, leader, same + 1, true);
        }
    }
}
