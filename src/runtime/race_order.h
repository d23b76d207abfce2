/* In which order the candidates of a race start. Async-signal-safe. */
#ifndef V6SHIM_RUNTIME_RACE_ORDER_H
#define V6SHIM_RUNTIME_RACE_ORDER_H

#include "core/eyeballs.h"
#include "runtime/destinations.h"
#include "runtime/history.h"

/*
 * Copies the candidates, those that have lost lately behind the others, and writes to `order` the places in
 * `candidates` as they are to start: families alternate, the address that was asked for leads (RFC 8305 section 4).
 */
void race_order(const struct destinations *destinations, struct history_candidates *candidates,
                unsigned order[EYEBALLS_CANDIDATES_MAX]);

/* The candidates, as bits of their places in the race, that the program's call would have tried without the library
   (destinations_bare_tries). */
uint32_t race_legacy(const struct destinations *destinations, const struct history_candidates *candidates,
                     const unsigned *order);

/*
 * What this host prohibits (a firewall, a route: EACCES, EPERM) is one address's own failure, and the others of its
 * name go on. But NAT64's ways to that very address would walk round the rule: the errno with which an attempt fails
 * before it starts, as the address that it leads to has failed so; 0: it may start.
 */
int race_prohibits(const struct eyeballs *race, const struct history_candidates *candidates, const unsigned *order,
                   unsigned attempt);

#endif
