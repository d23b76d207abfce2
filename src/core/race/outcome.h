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

#define OUTCOME_SIZE 76

struct outcome {
    struct ip_address address; /* that lost; AF_UNSPEC: it has won since, the record says nothing */
    struct ip_address network; /* source prefix: /64 or /24 of the local address that was used */
    struct ip_address winner;
    uint64_t time_s; /* of the calendar */
};

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
