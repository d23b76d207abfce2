/* core/race/eyeballs in races made up one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "race_simulation.h"

static const struct scenario scenarios[] = {
    {"one that connects", 250, 1, {CONNECTS(30)}, {0}, 0, 0, 30, 1},
    {"one that connects at once", 250, 1, {CONNECTS(AT_ONCE)}, {0}, 0, 0, 0, 0},
    {"one that refuses", 250, 1, {FAILS(20, ECONNREFUSED)}, {0}, NO_WINNER, ECONNREFUSED, 20, 1},
    {"one black hole", 250, 1, {HANGS}, {0}, NO_WINNER, ETIMEDOUT, KERNEL_GIVE_UP, 1},
    {"first is quick: the second never starts", 250, 2, {CONNECTS(249), CONNECTS(1)}, {0, -1}, 0, 0, 249, 1},
    {"first is slow but wins", 250, 2, {CONNECTS(300), CONNECTS(100)}, {0, 250}, 0, 0, 300, 2},
    {"first is a black hole", 250, 2, {HANGS, CONNECTS(10)}, {0, 250}, 1, 0, 260, 2},
    {"first refuses: the second starts at once", 250, 2, {FAILS(5, ECONNREFUSED), CONNECTS(10)}, {0, 5}, 1, 0, 15, 1},
    {"first has no route", 250, 2, {FAILS(AT_ONCE, ENETUNREACH), CONNECTS(10)}, {0, 0}, 1, 0, 10, 1},
    {"three without a route, then a host",
     250,
     4,
     {FAILS(AT_ONCE, ENETUNREACH), FAILS(AT_ONCE, ENETUNREACH), FAILS(AT_ONCE, ENETUNREACH), CONNECTS(7)},
     {0, 0, 0, 0},
     3,
     0,
     7,
     1},
    {"the newest refuses while an older one hangs",
     250,
     3,
     {HANGS, FAILS(10, ECONNREFUSED), CONNECTS(10)},
     {0, 250, 260},
     2,
     0,
     270,
     2},
    {"an older one fails: the newest keeps its time",
     250,
     3,
     {FAILS(300, EHOSTUNREACH), CONNECTS(1000), CONNECTS(20)},
     {0, 250, 500},
     2,
     0,
     520,
     2},
    {"no route behind a black hole",
     250,
     3,
     {HANGS, FAILS(AT_ONCE, ENETUNREACH), CONNECTS(20)},
     {0, 250, 250},
     2,
     0,
     270,
     2},
    {"six at once, the seventh waits for an end",
     100,
     8,
     {HANGS, FAILS(900, EHOSTUNREACH), HANGS, HANGS, HANGS, HANGS, HANGS, CONNECTS(10)},
     {0, 100, 200, 300, 400, 500, 1000, KERNEL_GIVE_UP},
     7,
     0,
     KERNEL_GIVE_UP + 10,
     6},
    {"all refuse",
     250,
     3,
     {FAILS(5, ECONNREFUSED), FAILS(5, ECONNREFUSED), FAILS(5, ECONNREFUSED)},
     {0, 5, 10},
     NO_WINNER,
     ECONNREFUSED,
     15,
     1},
    {"a refusal outranks silence",
     250,
     2,
     {HANGS, FAILS(5, ECONNREFUSED)},
     {0, 250},
     NO_WINNER,
     ECONNREFUSED,
     KERNEL_GIVE_UP,
     2},
    {"silence outranks no route",
     250,
     2,
     {HANGS, FAILS(AT_ONCE, ENETUNREACH)},
     {0, 250},
     NO_WINNER,
     ETIMEDOUT,
     KERNEL_GIVE_UP,
     1},
    {"the last of many",
     250,
     5,
     {HANGS, FAILS(1, ECONNREFUSED), HANGS, FAILS(AT_ONCE, EHOSTUNREACH), CONNECTS(30)},
     {0, 250, 251, 501, 501},
     4,
     0,
     531,
     3},
    {"what this host prohibits concerns one address",
     250,
     2,
     {FAILS(AT_ONCE, EPERM), CONNECTS(10)},
     {0, 0},
     1,
     0,
     10,
     1},
    {"and ends nothing that is running",
     250,
     3,
     {CONNECTS(400), FAILS(AT_ONCE, EACCES), HANGS},
     {0, 250, 250},
     0,
     0,
     400,
     2},
    {"all are prohibited", 250, 2, {FAILS(AT_ONCE, EACCES), FAILS(AT_ONCE, EPERM)}, {0, 0}, NO_WINNER, EACCES, 0, 0},
    {"a peer's refusal outranks what is prohibited",
     250,
     2,
     {FAILS(AT_ONCE, EACCES), FAILS(5, ECONNREFUSED)},
     {0, 0},
     NO_WINNER,
     ECONNREFUSED,
     5,
     1},
    {"a router's refusal is not final", 250, 2, {FAILS(5, EACCES), CONNECTS(10)}, {0, 5}, 1, 0, 15, 1},
    {"what is prohibited outranks silence",
     250,
     2,
     {FAILS(5, EACCES), HANGS},
     {0, 5},
     NO_WINNER,
     EACCES,
     KERNEL_GIVE_UP + 5,
     1},
    {"a delay under the minimum",
     0,
     2,
     {HANGS, CONNECTS(1)},
     {0, EYEBALLS_DELAY_MINIMUM_MS},
     1,
     0,
     EYEBALLS_DELAY_MINIMUM_MS + 1,
     2},
    {"a delay over the maximum",
     99999,
     2,
     {HANGS, CONNECTS(1)},
     {0, EYEBALLS_DELAY_MAXIMUM_MS},
     1,
     0,
     EYEBALLS_DELAY_MAXIMUM_MS + 1,
     2},
    {"no candidate", 250, 0, {HANGS}, {-1}, NO_WINNER, ENETUNREACH, 0, 0},
};

static void plays_every_scenario(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof scenarios / sizeof scenarios[0]; index++)
        play_scenario(&scenarios[index], 0, 0);
}

static void ranks_errors(void **state)
{
    (void)state;
    /* Each row outranks all rows below it; within a row nothing outranks anything. */
    static const int rows[][4] = {
        {ECONNREFUSED, ECONNRESET, EPROTO, ECONNREFUSED},
        {EACCES, EPERM, EACCES, EPERM},
        {ETIMEDOUT, ETIMEDOUT, ETIMEDOUT, ETIMEDOUT},
        {EHOSTUNREACH, EHOSTDOWN, EHOSTUNREACH, EHOSTUNREACH},
        {EMFILE, ENOBUFS, EINVAL, ENOMEM},
        {ENETUNREACH, ENETDOWN, ENETUNREACH, ENETUNREACH},
        {EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT, EAFNOSUPPORT},
    };
    for (unsigned left = 0; left < sizeof rows / sizeof rows[0]; left++) {
        for (unsigned right = 0; right < sizeof rows / sizeof rows[0]; right++) {
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
    eyeballs_init(&race, 3, 250);
    assert_int_equal(simulate_race(&race, fates, 0).error, ECONNRESET);
}

static void refuses_a_second_winner(void **state)
{
    (void)state;
    struct eyeballs race;
    unsigned running[EYEBALLS_RUNNING_MAX];
    eyeballs_init(&race, 3, 250);
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

    eyeballs_init(&race, 2, 250);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_started(&race, 1, 250);
    assert_true(eyeballs_attempt_succeeded(&race, 0, 260));
    assert_false(eyeballs_attempt_succeeded(&race, 1, 260));
}

static void passes_over_nonsense_reports(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 2, 250);
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
    eyeballs_init(&race, 100, 250);
    assert_int_equal(race.count, EYEBALLS_CANDIDATES_MAX);
}

static void names_who_goes_on_alone(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 4, 250);
    assert_int_equal(eyeballs_successor(&race), -1);
    eyeballs_attempt_failed(&race, 0, ENETUNREACH, 0);
    eyeballs_attempt_started(&race, 1, 0);
    eyeballs_attempt_started(&race, 2, 250);
    assert_int_equal(eyeballs_successor(&race), 1);
    eyeballs_limit_silence(&race, 1u << 0 | 1u << 3, 2000); /* one has failed, one was not tried yet */
    assert_int_equal(eyeballs_successor(&race), 3);
    eyeballs_attempt_failed(&race, 3, ECONNREFUSED, 260);
    assert_int_equal(eyeballs_successor(&race), 1);
    eyeballs_limit_silence(&race, 1u << 2, 2000);
    assert_int_equal(eyeballs_successor(&race), 2);
    eyeballs_attempt_failed(&race, 1, ETIMEDOUT, 400);
    eyeballs_attempt_failed(&race, 2, ETIMEDOUT, 400);
    assert_int_equal(eyeballs_successor(&race), -1);
}

static void takes_a_refusal_for_no_loss(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 6, 250);
    eyeballs_attempt_failed(&race, 0, ECONNREFUSED, 0);
    eyeballs_attempt_started(&race, 1, 0);
    eyeballs_attempt_started(&race, 2, 250);
    eyeballs_attempt_failed(&race, 2, ECONNREFUSED, 260);
    eyeballs_attempt_started(&race, 3, 260);
    eyeballs_attempt_failed(&race, 3, EHOSTUNREACH, 270);
    eyeballs_attempt_started(&race, 4, 270);
    assert_int_equal(eyeballs_losers(&race, 0).all, 0);
    assert_int_equal(eyeballs_losers(&race, 1).all, 0);
    assert_int_equal(eyeballs_losers(&race, 4).all, 1u << 1 | 1u << 3); /* silent, and out of reach */
}

static void tells_what_was_perhaps_only_slow(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 4, 250);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_started(&race, 1, 250);
    eyeballs_attempt_failed(&race, 1, EHOSTUNREACH, 260);
    eyeballs_attempt_started(&race, 2, 260);
    eyeballs_attempt_started(&race, 3, 510);
    eyeballs_attempt_succeeded(&race, 3, EYEBALLS_SLOW_MS);
    struct eyeballs_losers losers = eyeballs_losers(&race, 3);
    assert_int_equal(losers.all, 1u << 0 | 1u << 1 | 1u << 2);
    assert_int_equal(losers.slow, 1u << 2); /* the first one has been asked twice, the second one has failed */
}

/* Who refuses at once has not won: the others have been waited for as long as the race's limit. */
static void takes_silence_after_a_refusal_for_more(void **state)
{
    (void)state;
    struct eyeballs race;
    eyeballs_init(&race, 2, 250);
    eyeballs_limit_silence(&race, 1u << 1, 2000);
    eyeballs_attempt_started(&race, 0, 0);
    eyeballs_attempt_failed(&race, 1, ECONNREFUSED, 250);
    struct eyeballs_losers losers = eyeballs_losers(&race, 1);
    assert_int_equal(losers.all, 1u << 0);
    assert_int_equal(losers.slow, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_every_scenario),
        cmocka_unit_test(ranks_errors),
        cmocka_unit_test(reports_the_first_of_equal_errors),
        cmocka_unit_test(refuses_a_second_winner),
        cmocka_unit_test(passes_over_nonsense_reports),
        cmocka_unit_test(leaves_out_candidates_that_do_not_fit),
        cmocka_unit_test(names_who_goes_on_alone),
        cmocka_unit_test(takes_a_refusal_for_no_loss),
        cmocka_unit_test(tells_what_was_perhaps_only_slow),
        cmocka_unit_test(takes_silence_after_a_refusal_for_more),
        cmocka_unit_test(alternates_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
