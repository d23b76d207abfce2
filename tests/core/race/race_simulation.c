#include "race_simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Delivers what is due at `now`: the attempts in order of their place. */
static void deliver(struct eyeballs *race, const struct fate *fates, int64_t now)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    unsigned count = eyeballs_running(race, running);
    for (unsigned index = 0; index < count; index++) {
        unsigned candidate = running[index];
        if (race->attempts[candidate].started_ms + fates[candidate].after_ms != now)
            continue;
        if (fates[candidate].error == 0)
            eyeballs_attempt_succeeded(race, candidate, now);
        else
            eyeballs_attempt_failed(race, candidate, fates[candidate].error, now);
    }
}

static int64_t next_event(const struct eyeballs *race, const struct fate *fates)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    unsigned count = eyeballs_running(race, running);
    int64_t earliest = EYEBALLS_NO_TIMER;
    for (unsigned index = 0; index < count; index++) {
        int64_t when = race->attempts[running[index]].started_ms + fates[running[index]].after_ms;
        if (when < earliest)
            earliest = when;
    }
    return earliest;
}

static void start(struct eyeballs *race, const struct fate *fate, unsigned index, int64_t now)
{
    if (fate->after_ms != AT_ONCE)
        eyeballs_attempt_started(race, index, now);
    else if (fate->error != 0)
        eyeballs_attempt_failed(race, index, fate->error, now);
    else
        assert_true(eyeballs_attempt_succeeded(race, index, now));
}

struct outcome simulate_race(struct eyeballs *race, const struct fate *fates, int64_t start_ms)
{
    struct outcome outcome = {.winner = NO_WINNER};
    int64_t now = start_ms;
    unsigned running[EYEBALLS_RUNNING_MAX];
    for (unsigned index = 0; index < EYEBALLS_CANDIDATES_MAX; index++)
        outcome.started_ms[index] = NOT_STARTED;
    for (;;) {
        struct eyeballs_action action = eyeballs_next(race, now);
        unsigned count = eyeballs_running(race, running);
        assert_int_equal(count, race->running);
        if (count > outcome.most_at_once)
            outcome.most_at_once = count;
        if (action.kind == EYEBALLS_START) {
            assert_int_equal(outcome.started_ms[action.index], NOT_STARTED);
            outcome.started_ms[action.index] = now - start_ms;
            start(race, &fates[action.index], action.index, now);
        } else if (action.kind == EYEBALLS_WAIT) {
            int64_t event = next_event(race, fates);
            assert_true(action.until_ms > now);
            assert_true(event > now);
            now = event < action.until_ms ? event : action.until_ms;
            assert_true(now - start_ms <= LONGEST_RACE);
            deliver(race, fates, now);
        } else {
            outcome.winner = action.kind == EYEBALLS_WON ? (int)action.index : NO_WINNER;
            outcome.error = action.error;
            outcome.ended_ms = now - start_ms;
            outcome.left_running = count;
            return outcome;
        }
    }
}

static void expect(const struct scenario *scenario, const char *what, int64_t got, int64_t expected)
{
    if (got != expected)
        fail_msg("%s: %s is %lld, not %lld", scenario->name, what, (long long)got, (long long)expected);
}

void play_scenario(const struct scenario *scenario, uint32_t legacy, int silence_ms)
{
    static const int64_t starts[] = {0, 123456789012, -5000};
    for (size_t clock = 0; clock < sizeof starts / sizeof starts[0]; clock++) {
        struct eyeballs race;
        eyeballs_init(&race, scenario->count, scenario->delay_ms);
        eyeballs_limit_silence(&race, legacy, silence_ms);
        struct outcome outcome = simulate_race(&race, scenario->fates, starts[clock]);
        for (unsigned candidate = 0; candidate < scenario->count; candidate++)
            expect(scenario, "a start", outcome.started_ms[candidate], scenario->started_ms[candidate]);
        expect(scenario, "the winner", outcome.winner, scenario->winner);
        expect(scenario, "the error", outcome.error, scenario->error);
        expect(scenario, "the end", outcome.ended_ms, scenario->ended_ms);
        expect(scenario, "the most at once", outcome.most_at_once, scenario->most_at_once);
    }
}
