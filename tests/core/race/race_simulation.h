/*
 * A race of core/race/eyeballs on a fake clock, with sockets that fail or connect after so many milliseconds.
 */
#ifndef V6SHIM_TESTS_UNIT_RACE_SIMULATION_H
#define V6SHIM_TESTS_UNIT_RACE_SIMULATION_H

#include <errno.h>
#include <stdint.h>

#include "core/race/eyeballs.h"

#define AT_ONCE        (-1) /* connect() itself says so, without EINPROGRESS */
#define NO_WINNER      (-1)
#define NOT_STARTED    (-1)
#define KERNEL_GIVE_UP 130000 /* ms: six SYN retries */
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

/* Drives the race as core/race/eyeballs.h describes it, from `start_ms` to its end; asserts what has to hold all the
 * way.
 */
struct outcome simulate_race(struct eyeballs *race, const struct fate *fates, int64_t start_ms);

struct scenario {
    const char *name;
    int delay_ms;
    unsigned count;
    struct fate fates[EYEBALLS_CANDIDATES_MAX];
    int64_t started_ms[EYEBALLS_CANDIDATES_MAX];
    int winner, error;
    int64_t ended_ms;
    unsigned most_at_once;
};

/* Simulates it from several starts, with eyeballs_limit_silence(), and fails the test where it comes out otherwise.
 */
void play_scenario(const struct scenario *scenario, uint32_t legacy, int silence_ms);

#endif
