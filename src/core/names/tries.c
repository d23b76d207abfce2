/* Computes how often and how long libc's resolver asks; called by preload/thread/resolver_tries.c. */
#include "core/names/tries.h"

#define MOST_ROUNDS  30
#define LONGEST_S    86400 /* more can't be meant, and would overflow */
#define MOST_SERVERS 31

int64_t tries_round_s(int wait_s, unsigned servers)
{
    int64_t round_s = 0;
    for (unsigned server = 0; server < servers; server++) {
        int64_t seconds = wait_s > 0 ? (int64_t)wait_s << server : 0;
        if (server > 0)
            seconds /= servers;
        round_s += seconds > 0 ? seconds : 1;
    }
    return round_s;
}

static int64_t divide_up(int64_t dividend, int64_t divisor)
{
    return (dividend + divisor - 1) / divisor;
}

struct tries tries_shorten(struct tries tries, unsigned servers)
{
    if (servers == 0 || servers > MOST_SERVERS || tries.times <= 0 || tries.times > LONGEST_S ||
        tries.wait_s > LONGEST_S)
        return tries;
    int64_t whole_s = tries.times * tries_round_s(tries.wait_s, servers);
    int64_t wait_s = divide_up(whole_s, (int64_t)MOST_ROUNDS * servers);
    if (wait_s >= tries.wait_s)
        return tries;
    return (struct tries){.wait_s = (int)wait_s,
                          .times = (int)divide_up(whole_s, tries_round_s((int)wait_s, servers))};
}
