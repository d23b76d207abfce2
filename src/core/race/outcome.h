/*
 * The record of an address that has lost a race: which, on what network, to whom, when. Its bytes in the history
 * file.
 *
 * Pure, async-signal-safe, errno left alone.
 */
#ifndef V6SHIM_CORE_RACE_OUTCOME_H
#define V6SHIM_CORE_RACE_OUTCOME_H

#include "core/address/address.h"

/* RFC 6555 section 4.2: outcomes SHOULD be forgotten after ten minutes. */
#define OUTCOME_LIFETIME_S 600
/* One that was perhaps only slow gets its chance again after a minute; each time that it loses again, after twice as
   long as before. */
#define OUTCOME_SLOW_S 60

#define OUTCOME_SIZE 76

struct outcome {
    struct ip_address address; /* that lost; AF_UNSPEC: it has won since, the record says nothing */
    struct ip_address network; /* source prefix: /64 or /24 of the local address that was used */
    struct ip_address winner;
    uint64_t time_s;     /* of the calendar */
    uint32_t lifetime_s; /* how long it counts: OUTCOME_LIFETIME_S at most, which 0 is taken for */
};

/*
 * Brings into the new record of a loss what `former` says, the one that the slot has had: where that still counts,
 * the new one ends no sooner; where it ended in the last ten minutes, the new one holds twice as long as it did. A
 * record of another pair changes nothing.
 */
void outcome_follow(struct outcome *outcome, const struct outcome *former);

/* The network that a local address stands for. */
struct ip_address outcome_network(const struct ip_address *source);
/* How many bits of it count. */
unsigned outcome_network_length(const struct ip_address *network);

/* Where in a table of `slots` the pair has its place. */
uint32_t outcome_slot(const struct ip_address *address, const struct ip_address *network, uint32_t slots);

void outcome_encode(const struct outcome *outcome, uint8_t bytes[OUTCOME_SIZE]);
/* False for what no encoder writes. */
bool outcome_decode(const uint8_t bytes[OUTCOME_SIZE], struct outcome *outcome);

/* Whether the record is about this pair and still counts. A time in the future doesn't: the calendar was set back. */
bool outcome_counts(const struct outcome *outcome, const struct ip_address *address, const struct ip_address *network,
                    uint64_t now_s);

#endif
