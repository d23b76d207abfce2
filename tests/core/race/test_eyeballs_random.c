/* core/race/eyeballs keeps its promises in races that nobody made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../random.h"
#include "race_simulation.h"

#define RANDOM_RACES 20000

static struct fate random_fate(void)
{
    static const int errors[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EMFILE, EAFNOSUPPORT, EACCES};
    switch (random_below(8)) {
    case 0:
        return (struct fate)HANGS;
    case 1:
        return (struct fate)CONNECTS(random_below(40) == 0 ? AT_ONCE : (int)random_below(3000) + 1);
    case 2:
    case 3:
        return (struct fate)FAILS(AT_ONCE, errors[random_below(7)]);
    default:
        return (struct fate)FAILS((int)random_below(1500) + 1, errors[random_below(7)]);
    }
}

/* When the attempt ended; past the end of the race if it did not. */
static int64_t end_of(const struct eyeballs *race, unsigned index)
{
    return race->attempts[index].state == EYEBALLS_RUNNING ? INT64_MAX : race->attempts[index].ended_ms;
}

/* Why attempt `index` was right to start when it did. */
static void check_start(const struct eyeballs *race, unsigned index)
{
    int64_t started = race->attempts[index].started_ms;
    unsigned running = 0;
    for (unsigned before = 0; before < index; before++) {
        assert_true(race->attempts[before].started_ms <= started);
        if (end_of(race, before) > started)
            running++;
    }
    assert_true(running < EYEBALLS_RUNNING_MAX);
    if (index == 0)
        return;
    bool newest_failed = end_of(race, index - 1) <= started;
    assert_true(newest_failed || started - race->attempts[index - 1].started_ms >= race->delay_ms);
}

static void check_end(const struct eyeballs *race, const struct outcome *outcome)
{
    if (outcome->winner != NO_WINNER) {
        assert_int_equal(race->attempts[outcome->winner].state, EYEBALLS_SUCCEEDED);
        return;
    }
    bool given_up = false; /* those that were still silent */
    for (unsigned index = 0; index < race->count; index++) {
        bool legacy = (race->legacy >> index & 1) != 0;
        given_up = given_up || (legacy && eyeballs_was_asked(race->attempts[index].error));
        assert_true(!legacy || race->attempts[index].state == EYEBALLS_BROKEN);
    }
    assert_true(given_up || outcome->left_running == 0);
    for (unsigned index = 0; index < race->count; index++) {
        const struct eyeballs_attempt *attempt = &race->attempts[index];
        if (attempt->state != EYEBALLS_BROKEN) {
            assert_true(given_up && (attempt->state == EYEBALLS_PENDING ||
                                     1000 + outcome->ended_ms - attempt->started_ms >= race->silence_ms));
            continue;
        }
        assert_false(eyeballs_error_outranks(race->attempts[index].error, outcome->error));
    }
}

static void holds_its_promises_in_random_races(void **state)
{
    (void)state;
    unsigned wins = 0, failures = 0;
    for (unsigned round = 0; round < RANDOM_RACES; round++) {
        struct fate fates[EYEBALLS_CANDIDATES_MAX];
        struct eyeballs race;
        unsigned count = random_below(EYEBALLS_CANDIDATES_MAX + 1);
        bool hopeless = random_below(3) == 0;
        for (unsigned index = 0; index < count; index++) {
            fates[index] = random_fate();
            if (hopeless && fates[index].error == 0)
                fates[index] = (struct fate)HANGS;
        }
        eyeballs_init(&race, count, 100 + (int64_t)random_below(300));
        if (random_below(2) == 0)
            eyeballs_limit_silence(&race, random_below(1u << EYEBALLS_CANDIDATES_MAX), random_below(3000));
        struct outcome outcome = simulate_race(&race, fates, 1000);
        for (unsigned index = 0; index < race.next; index++)
            check_start(&race, index);
        for (unsigned index = race.next; index < race.count; index++)
            assert_int_equal(race.attempts[index].state, EYEBALLS_PENDING);
        assert_true(outcome.most_at_once <= EYEBALLS_RUNNING_MAX);
        check_end(&race, &outcome);
        wins += outcome.winner != NO_WINNER;
        failures += outcome.winner == NO_WINNER;
    }
    assert_true(wins > 1000 && failures > 1000); /* both ends were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_its_promises_in_random_races)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
