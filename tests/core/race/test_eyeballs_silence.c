/* core/race/eyeballs when a program without IPv6 would have been told by now that it can't connect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "race_simulation.h"

/* Races of which a program without IPv6 would have tried the candidates that are marked '4'. */
static const struct {
    const char *families;
    int silence_ms;
    struct scenario scenario;
} limited[] = {
    {"64",
     2000,
     {"IPv4 refuses, IPv6 is silent: two seconds more",
      250,
      2,
      {HANGS, FAILS(10, ECONNREFUSED)},
      {0, 250},
      NO_WINNER,
      ECONNREFUSED,
      2260,
      2}},
    {"64",
     2000,
     {"and who answers in that time wins",
      250,
      2,
      {CONNECTS(2259), FAILS(10, ECONNREFUSED)},
      {0, 250},
      0,
      0,
      2259,
      2}},
    {"6466",
     2000,
     {"each has its time, counted from its start",
      250,
      4,
      {HANGS, FAILS(AT_ONCE, EACCES), HANGS, HANGS},
      {0, 250, 250, 500},
      NO_WINNER,
      EACCES,
      2500,
      3}},
    {"644",
     2000,
     {"one IPv4 address is silent: so may the others be",
      250,
      3,
      {HANGS, FAILS(10, ECONNREFUSED), HANGS},
      {0, 250, 260},
      NO_WINNER,
      ECONNREFUSED,
      KERNEL_GIVE_UP + 260,
      2}},
    {"46",
     2000,
     {"silence of IPv4 counts when the kernel gives up",
      250,
      2,
      {FAILS(KERNEL_GIVE_UP - 1, EHOSTUNREACH), FAILS(KERNEL_GIVE_UP + 5000, ETIMEDOUT)},
      {0, 250},
      NO_WINNER,
      EHOSTUNREACH,
      KERNEL_GIVE_UP + 1999,
      2}},
    {"46",
     2000,
     {"no route for IPv4: IPv6 is all that there is",
      250,
      2,
      {FAILS(AT_ONCE, ENETUNREACH), HANGS},
      {0, 0},
      NO_WINNER,
      ETIMEDOUT,
      KERNEL_GIVE_UP,
      1}},
    {"46",
     2000,
     {"no port is left for IPv4: it has failed",
      250,
      2,
      {FAILS(AT_ONCE, EADDRNOTAVAIL), HANGS},
      {0, 0},
      NO_WINNER,
      EADDRNOTAVAIL,
      2000,
      1}},
    {"46",
     2000,
     {"no descriptor for IPv4: it would have been tried",
      250,
      2,
      {FAILS(AT_ONCE, EMFILE), HANGS},
      {0, 0},
      NO_WINNER,
      ETIMEDOUT,
      KERNEL_GIVE_UP,
      1}},
    {"64",
     0,
     {"no more patience at all",
      250,
      2,
      {HANGS, FAILS(10, ECONNREFUSED)},
      {0, 250},
      NO_WINNER,
      ECONNREFUSED,
      260,
      2}},
    {"4",
     2000,
     {"six are silent: the seventh does not wait for the kernel",
      100,
      8,
      {FAILS(1, ECONNREFUSED), HANGS, HANGS, HANGS, HANGS, HANGS, HANGS, HANGS},
      {0, 1, 101, 201, 301, 401, 501, -1},
      NO_WINNER,
      ECONNREFUSED,
      2501,
      6}},
};

static void limits_silence(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof limited / sizeof limited[0]; index++) {
        uint32_t legacy = 0;
        for (unsigned place = 0; limited[index].families[place] != '\0'; place++)
            legacy |= limited[index].families[place] == '4' ? UINT32_C(1) << place : 0;
        play_scenario(&limited[index].scenario, legacy, limited[index].silence_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(limits_silence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
