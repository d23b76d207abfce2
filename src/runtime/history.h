/*
 * What came of earlier connections: an address that lost its race is tried after the others for ten minutes (RFC 6555
 * section 4.2), by all of the user's processes, on the network where that was. Then it gets its chance again.
 *
 * Async-signal-safe; a few system calls for each address, so only asked where there is a choice. errno kept.
 */
#ifndef V6SHIM_RUNTIME_HISTORY_H
#define V6SHIM_RUNTIME_HISTORY_H

#include "core/address.h"

/* Moves those that lost lately behind the others, each group in its order. Returns how many did not. */
unsigned history_reorder(struct ip_address *addresses, unsigned count);

/* addresses[order[winner]] has won; those that come before it in `order` have lost. */
void history_note(const struct ip_address *addresses, const unsigned *order, unsigned winner);

#endif
