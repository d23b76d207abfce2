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

#endif
