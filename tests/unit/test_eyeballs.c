/* core/eyeballs on a fake clock, with sockets that fail or connect after so many milliseconds. */
#include "core/eyeballs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "random.h"

#define AT_ONCE        (-1) /* connect() itself says so, without EINPROGRESS */
#define NO_WINNER      (-1)
#define NOT_STARTED    (-1)
#define KERNEL_GIVE_UP 130000 /* ms: six SYN retries */
#define RANDOM_RACES   20000
#define LONGEST_RACE   (EYEBALLS_CANDIDATES_MAX * (int64_t)KERNEL_GIVE_UP)

/* What happens to an attempt: after `after_ms` it ends with `error`, or is connected if that is 0. */
struct fate {
    int after_ms;
    int error;
};

#define CONNECTS(after) \
    {                   \
        (after), 0      \
    }
#define FAILS(after, of) \
    {                    \
        (after), (of)    \
    }
#define HANGS                     \
    {                             \
        KERNEL_GIVE_UP, ETIMEDOUT \
    }

struct outcome {
    int64_t started_ms[EYEBALLS_CANDIDATES_MAX]; /* NOT_STARTED */
    int winner, error;
    int64_t ended_ms;
    unsigned most_at_once, left_running;
};

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

/* A driver as the header describes it. */
static struct outcome run(struct eyeballs *race, const struct fate *fates, int64_t start_ms)
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

struct scenario {
    const char *name;
    enum eyeballs_mode mode;
    int delay_ms;
    unsigned count;
    struct fate fates[EYEBALLS_CANDIDATES_MAX];
    int64_t started_ms[EYEBALLS_CANDIDATES_MAX];
    int winner, error;
    int64_t ended_ms;
    unsigned most_at_once;
};

#define RACE  EYEBALLS_RACE
#define ORDER EYEBALLS_ORDER

static const struct scenario scenarios[] = {
    {"one that connects", RACE, 250, 1, {CONNECTS(30)}, {0}, 0, 0, 30, 1},
    {"one that connects at once", RACE, 250, 1, {CONNECTS(AT_ONCE)}, {0}, 0, 0, 0, 0},
    {"one that refuses", RACE, 250, 1, {FAILS(20, ECONNREFUSED)}, {0}, NO_WINNER, ECONNREFUSED, 20, 1},
    {"one black hole", RACE, 250, 1, {HANGS}, {0}, NO_WINNER, ETIMEDOUT, KERNEL_GIVE_UP, 1},
    {"first is quick: the second never starts", RACE, 250, 2, {CONNECTS(249), CONNECTS(1)}, {0, -1}, 0, 0, 249, 1},
    {"first is slow but wins", RACE, 250, 2, {CONNECTS(300), CONNECTS(100)}, {0, 250}, 0, 0, 300, 2},
    {"first is a black hole", RACE, 250, 2, {HANGS, CONNECTS(10)}, {0, 250}, 1, 0, 260, 2},
    {"first refuses: the second starts at once",
     RACE,
     250,
     2,
     {FAILS(5, ECONNREFUSED), CONNECTS(10)},
     {0, 5},
     1,
     0,
     15,
     1},
    {"first has no route", RACE, 250, 2, {FAILS(AT_ONCE, ENETUNREACH), CONNECTS(10)}, {0, 0}, 1, 0, 10, 1},
    {"three without a route, then a host",
     RACE,
     250,
     4,
     {FAILS(AT_ONCE, ENETUNREACH), FAILS(AT_ONCE, ENETUNREACH), FAILS(AT_ONCE, ENETUNREACH), CONNECTS(7)},
     {0, 0, 0, 0},
     3,
     0,
     7,
     1},
    {"the newest refuses while an older one hangs",
     RACE,
     250,
     3,
     {HANGS, FAILS(10, ECONNREFUSED), CONNECTS(10)},
     {0, 250, 260},
     2,
     0,
     270,
     2},
    {"an older one fails: the newest keeps its time",
     RACE,
     250,
     3,
     {FAILS(300, EHOSTUNREACH), CONNECTS(1000), CONNECTS(20)},
     {0, 250, 500},
     2,
     0,
     520,
     2},
    {"no route behind a black hole",
     RACE,
     250,
     3,
     {HANGS, FAILS(AT_ONCE, ENETUNREACH), CONNECTS(20)},
     {0, 250, 250},
     2,
     0,
     270,
     2},
    {"six at once, the seventh waits for an end",
     RACE,
     100,
     8,
     {HANGS, FAILS(900, EHOSTUNREACH), HANGS, HANGS, HANGS, HANGS, HANGS, CONNECTS(10)},
     {0, 100, 200, 300, 400, 500, 1000, KERNEL_GIVE_UP},
     7,
     0,
     KERNEL_GIVE_UP + 10,
     6},
    {"all refuse",
     RACE,
     250,
     3,
     {FAILS(5, ECONNREFUSED), FAILS(5, ECONNREFUSED), FAILS(5, ECONNREFUSED)},
     {0, 5, 10},
     NO_WINNER,
     ECONNREFUSED,
     15,
     1},
    {"a refusal outranks silence",
     RACE,
     250,
     2,
     {HANGS, FAILS(5, ECONNREFUSED)},
     {0, 250},
     NO_WINNER,
     ECONNREFUSED,
     KERNEL_GIVE_UP,
     2},
    {"silence outranks no route",
     RACE,
     250,
     2,
     {HANGS, FAILS(AT_ONCE, ENETUNREACH)},
     {0, 250},
     NO_WINNER,
     ETIMEDOUT,
     KERNEL_GIVE_UP,
     1},
    {"the last of many",
     RACE,
     250,
     5,
     {HANGS, FAILS(1, ECONNREFUSED), HANGS, FAILS(AT_ONCE, EHOSTUNREACH), CONNECTS(30)},
     {0, 250, 251, 501, 501},
     4,
     0,
     531,
     3},
    {"a local refusal is final",
     RACE,
     250,
     2,
     {FAILS(AT_ONCE, EPERM), CONNECTS(10)},
     {0, -1},
     NO_WINNER,
     EPERM,
     0,
     0},
    {"a local refusal ends what is running",
     RACE,
     250,
     3,
     {CONNECTS(400), FAILS(AT_ONCE, EACCES), CONNECTS(10)},
     {0, 250, -1},
     NO_WINNER,
     EACCES,
     250,
     1},
    {"a router's refusal is not final", RACE, 250, 2, {FAILS(5, EACCES), CONNECTS(10)}, {0, 5}, 1, 0, 15, 1},
    {"a router's refusal is an answer",
     RACE,
     250,
     2,
     {FAILS(5, EACCES), HANGS},
     {0, 5},
     NO_WINNER,
     EACCES,
     KERNEL_GIVE_UP + 5,
     1},
    {"in order",
     ORDER,
     250,
     3,
     {FAILS(900, EHOSTUNREACH), FAILS(30, ECONNREFUSED), CONNECTS(10)},
     {0, 900, 930},
     2,
     0,
     940,
     1},
    {"in order a black hole takes its time",
     ORDER,
     250,
     2,
     {HANGS, CONNECTS(10)},
     {0, KERNEL_GIVE_UP},
     1,
     0,
     KERNEL_GIVE_UP + 10,
     1},
    {"in order a local refusal is final",
     ORDER,
     250,
     2,
     {FAILS(AT_ONCE, EPERM), CONNECTS(10)},
     {0, -1},
     NO_WINNER,
     EPERM,
     0,
     0},
    {"in order all fail",
     ORDER,
     250,
     2,
     {FAILS(AT_ONCE, ENETUNREACH), FAILS(3, EHOSTUNREACH)},
     {0, 0},
     NO_WINNER,
     EHOSTUNREACH,
     3,
     1},
    {"a delay under the minimum",
     RACE,
     0,
     2,
     {HANGS, CONNECTS(1)},
     {0, EYEBALLS_DELAY_MINIMUM_MS},
     1,
     0,
     EYEBALLS_DELAY_MINIMUM_MS + 1,
     2},
    {"a delay over the maximum",
     RACE,
     99999,
     2,
     {HANGS, CONNECTS(1)},
     {0, EYEBALLS_DELAY_MAXIMUM_MS},
     1,
     0,
     EYEBALLS_DELAY_MAXIMUM_MS + 1,
     2},
    {"no candidate", RACE, 250, 0, {HANGS}, {-1}, NO_WINNER, ENETUNREACH, 0, 0},
};

static void expect(const struct scenario *scenario, const char *what, int64_t got, int64_t expected)
{
    if (got != expected)
        fail_msg("%s: %s is %lld, not %lld", scenario->name, what, (long long)got, (long long)expected);
}

static void plays_every_scenario(void **state)
{
    (void)state;
    static const int64_t starts[] = {0, 123456789012, -5000};
    for (size_t index = 0; index < sizeof scenarios / sizeof scenarios[0]; index++) {
        const struct scenario *scenario = &scenarios[index];
        for (size_t clock = 0; clock < sizeof starts / sizeof starts[0]; clock++) {
            struct eyeballs race;
            eyeballs_init(&race, scenario->count, scenario->mode, scenario->delay_ms);
            struct outcome outcome = run(&race, scenario->fates, starts[clock]);
            for (unsigned candidate = 0; candidate < scenario->count; candidate++)
                expect(scenario, "a start", outcome.started_ms[candidate], scenario->started_ms[candidate]);
            expect(scenario, "the winner", outcome.winner, scenario->winner);
            expect(scenario, "the error", outcome.error, scenario->error);
            expect(scenario, "the end", outcome.ended_ms, scenario->ended_ms);
            expect(scenario, "the most at once", outcome.most_at_once, scenario->most_at_once);
        }
    }
}

static void ranks_errors(void **state)
{
    (void)state;
    /* Each row outranks all rows below it; within a row nothing outranks anything. */
    static const int rows[][4] = {
        {ECONNREFUSED, ECONNRESET, EACCES, ECONNREFUSED},
        {ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT},
        {EHOSTUNREACH, EHOSTDOWN, EHOSTUNREACH, EHOSTUNREACH},
        {EMFILE, ENOBUFS, EINVAL, ENOMEM},
        {ENETUNREACH, ENETDOWN, ENETUNREACH, ENETUNREACH},
        {EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT, EAFNOSUPPORT},
    };
    for (unsigned left = 0; left < 6; left++) {
        for (unsigned right = 0; right < 6; right++) {
            for (unsigned pair = 0; pair < 16; pair++)
                assert_int_equal(eyeballs_error_outranks(rows[left][pair / 4], rows[right][pair % 4]), left < right);
        }
    }
}

static void reports_the_first_of_equal_errors(void **state)
{
    (void)state;
    struct eyeballs race;
    static const struct fate fates[] = {FAILS(3, ENETUNREACH), FAILS(3, ECONNRESET), FAILS(3, ECONNREFUSED)};
    eyeballs_init(&race, 3, EYEBALLS_RACE, 250);
    assert_int_equal(run(&race, fates, 0).error, ECONNRESET);
}

static void refuses_a_second_winner(void **state)
{
    (void)state;
    struct eyeballs race;
    unsigned running[EYEBALLS_RUNNING_MAX];
    eyeballs_init(&race, 3, EYEBALLS_RACE, 250);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_started(&race, 1, 250);
    assert_true(eyeballs_attempt_succeeded(&race, 1, 260));
    assert_false(eyeballs_attempt_succeeded(&race, 0, 260));
    assert_int_equal(eyeballs_next(&race, 261).kind, EYEBALLS_WON);
    assert_int_equal(eyeballs_next(&race, 261).index, 1);
    assert_int_equal(eyeballs_running(&race, running), 1);
    assert_int_equal(running[0], 0);
    eyeballs_attempt_failed(&race, 2, EPERM, 262); /* too late to end anything */
    assert_int_equal(eyeballs_next(&race, 262).kind, EYEBALLS_WON);
    assert_int_equal(race.attempts[1].ended_ms, 260);

    eyeballs_init(&race, 2, EYEBALLS_RACE, 250);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_started(&race, 1, 250);
    assert_true(eyeballs_attempt_succeeded(&race, 0, 260));
    assert_false(eyeballs_attempt_succeeded(&race, 1, 260));
}

static void takes_no_winner_after_a_refusal(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 2, EYEBALLS_RACE, 250);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_failed(&race, 1, EPERM, 250);
    assert_false(eyeballs_attempt_succeeded(&race, 0, 251));
    assert_int_equal(eyeballs_next(&race, 251).kind, EYEBALLS_FAILED);
    assert_int_equal(eyeballs_next(&race, 251).error, EPERM);
}

static void passes_over_nonsense_reports(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 2, EYEBALLS_RACE, 250);
    eyeballs_attempt_started(&race, 7, 0);
    eyeballs_attempt_failed(&race, 99, EPERM, 0);
    assert_false(eyeballs_attempt_succeeded(&race, 2, 0));
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_started(&race, 0, 5);
    assert_int_equal(race.running, 1);
    eyeballs_attempt_failed(&race, 0, ECONNREFUSED, 6);
    eyeballs_attempt_failed(&race, 0, EPERM, 7);
    assert_int_equal(race.running, 0);
    assert_int_equal(race.attempts[0].error, ECONNREFUSED);
    assert_int_equal(eyeballs_next(&race, 8).kind, EYEBALLS_START);
    assert_int_equal(eyeballs_next(&race, 8).index, 1);
}

static void leaves_out_candidates_that_do_not_fit(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 100, EYEBALLS_RACE, 250);
    assert_int_equal(race.count, EYEBALLS_CANDIDATES_MAX);
}

static void collapses_to_the_leading_attempt(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 4, EYEBALLS_RACE, 250);
    assert_int_equal(eyeballs_collapse(&race), -1);
    assert_int_equal(eyeballs_next(&race, 0).kind, EYEBALLS_START);
    eyeballs_attempt_failed(&race, 0, ENETUNREACH, 0);
    eyeballs_attempt_started(&race, 1, 0);
    eyeballs_attempt_started(&race, 2, 250);
    assert_int_equal(eyeballs_collapse(&race), 1);
    assert_int_equal(eyeballs_next(&race, 9999).kind, EYEBALLS_WAIT);
    assert_int_equal(eyeballs_next(&race, 9999).until_ms, EYEBALLS_NO_TIMER);
    assert_int_equal(race.attempts[0].state, EYEBALLS_BROKEN);
    assert_int_equal(race.attempts[1].state, EYEBALLS_RUNNING);
    assert_int_equal(race.attempts[2].state, EYEBALLS_DROPPED);
    assert_int_equal(race.attempts[3].state, EYEBALLS_DROPPED);
    assert_false(eyeballs_attempt_succeeded(&race, 2, 300));
    eyeballs_attempt_failed(&race, 1, ETIMEDOUT, 400);
    assert_int_equal(eyeballs_next(&race, 400).kind, EYEBALLS_FAILED);
    assert_int_equal(eyeballs_next(&race, 400).error, ETIMEDOUT);
}

/* Letters for a family: "6646" is three IPv6 candidates and an IPv4 one. The order comes back as indexes. */
static void interleaves(const char *families, unsigned leader, unsigned first_family_count, const char *expected)
{
    struct ip_address candidates[EYEBALLS_CANDIDATES_MAX] = {{.family = AF_UNSPEC}};
    unsigned order[EYEBALLS_CANDIDATES_MAX];
    char got[EYEBALLS_CANDIDATES_MAX + 1] = "";
    unsigned count = 0;
    for (; families[count] != '\0'; count++)
        candidates[count].family = families[count] == '6' ? AF_INET6 : AF_INET;
    eyeballs_interleave(candidates, count, leader, first_family_count, order);
    for (unsigned index = 0; index < count; index++)
        got[index] = (char)('0' + order[index]);
    assert_string_equal(got, expected);
}

static void alternates_families(void **state)
{
    (void)state;
    interleaves("", 0, 1, "");
    interleaves("6", 0, 1, "0");
    interleaves("66644", 0, 1, "03142");
    interleaves("44666", 0, 1, "02134");
    interleaves("64646", 0, 1, "01234");
    interleaves("66664444", 0, 2, "01425367");
    interleaves("66664444", 0, 1, "04152637");
    interleaves("66664444", 0, 9, "01234567");
    interleaves("66664444", 0, 0, "04152637");
    interleaves("6666", 0, 1, "0123");
    interleaves("6666", 2, 1, "2013");
    interleaves("66644", 3, 1, "30412"); /* the program asked for the IPv4 address */
    interleaves("66644", 2, 1, "23041");
    interleaves("66644", 4, 2, "43012");
}

static struct fate random_fate(void)
{
    static const int errors[] = {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EMFILE, EAFNOSUPPORT, EACCES};
    switch (random_below(8)) {
    case 0:
        return (struct fate)HANGS;
    case 1:
        return (struct fate)CONNECTS(random_below(40) == 0 ? AT_ONCE : (int)random_below(3000) + 1);
    case 2:
    case 3: /* not EACCES, the last one: at once it is a refusal */
        return (struct fate)FAILS(AT_ONCE, errors[random_below(60) == 0 ? 6 : random_below(6)]);
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
    if (race->mode == EYEBALLS_ORDER)
        assert_int_equal(running, 0);
    else
        assert_true(newest_failed || started - race->attempts[index - 1].started_ms >= race->delay_ms);
}

static void check_end(const struct eyeballs *race, const struct outcome *outcome)
{
    if (outcome->winner != NO_WINNER) {
        assert_int_equal(race->attempts[outcome->winner].state, EYEBALLS_SUCCEEDED);
        return;
    }
    if (race->refusal != 0) {
        assert_int_equal(outcome->error, race->refusal);
        return;
    }
    assert_int_equal(outcome->left_running, 0);
    for (unsigned index = 0; index < race->count; index++) {
        assert_int_equal(race->attempts[index].state, EYEBALLS_BROKEN);
        assert_false(eyeballs_error_outranks(race->attempts[index].error, outcome->error));
    }
}

static void holds_its_promises_in_random_races(void **state)
{
    (void)state;
    unsigned wins = 0, refusals = 0, failures = 0;
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
        eyeballs_init(&race, count, random_below(4) == 0 ? EYEBALLS_ORDER : EYEBALLS_RACE,
                      100 + (int64_t)random_below(300));
        struct outcome outcome = run(&race, fates, 1000);
        for (unsigned index = 0; index < race.next; index++)
            check_start(&race, index);
        for (unsigned index = race.next; index < race.count; index++)
            assert_int_equal(race.attempts[index].state, EYEBALLS_PENDING);
        assert_true(outcome.most_at_once <= EYEBALLS_RUNNING_MAX);
        check_end(&race, &outcome);
        wins += outcome.winner != NO_WINNER;
        refusals += race.refusal != 0;
        failures += outcome.winner == NO_WINNER && race.refusal == 0;
    }
    assert_true(wins > 1000 && refusals > 100 && failures > 1000); /* all three ends were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_every_scenario),
        cmocka_unit_test(ranks_errors),
        cmocka_unit_test(reports_the_first_of_equal_errors),
        cmocka_unit_test(refuses_a_second_winner),
        cmocka_unit_test(takes_no_winner_after_a_refusal),
        cmocka_unit_test(passes_over_nonsense_reports),
        cmocka_unit_test(leaves_out_candidates_that_do_not_fit),
        cmocka_unit_test(collapses_to_the_leading_attempt),
        cmocka_unit_test(alternates_families),
        cmocka_unit_test(holds_its_promises_in_random_races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
