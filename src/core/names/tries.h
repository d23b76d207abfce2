/*
 * How long libc's resolver waits for an answer, and how often it asks: `retrans` and `retry` of resolver(3). Pure.
 *
 * A question takes `times` rounds over all n name servers. In each, number i of them (from 0) is waited for during
 * wait_s << i seconds, all but the first one's divided by n, at least one: send_dg() in resolv/res_send.c of glibc,
 * the same from 2.17 to 2.41.
 */
#ifndef V6SHIM_CORE_NAMES_TRIES_H
#define V6SHIM_CORE_NAMES_TRIES_H

#include <stdint.h>

struct tries {
    int wait_s;
    int times;
};

/* How long a round takes where nobody answers, in seconds. `servers` is below 32. */
int64_t tries_round_s(int wait_s, unsigned servers);

/*
 * Shorter waits and more rounds, which together take as long: never less, and less than a round more. A wait is one
 * second where 30 rounds of that are enough, else longer. What can't be made shorter is left as it is.
 */
struct tries tries_shorten(struct tries tries, unsigned servers);

#endif
