#include "runtime/race_order.h"

#include <string.h>

#define FIRST_FAMILY_COUNT 1 /* RFC 8305 section 8 */

_Static_assert(CANDIDATES_PER_LIST <= EYEBALLS_CANDIDATES_MAX, "a list of candidates is one race");

void race_order(const struct destinations *destinations, struct history_candidates *candidates,
                unsigned order[EYEBALLS_CANDIDATES_MAX])
{
    unsigned count = (unsigned)destinations->count;
    candidates->count = count;
    memcpy(candidates->addresses, destinations->addresses, count * sizeof candidates->addresses[0]);
    history_reorder(candidates);
    eyeballs_interleave(candidates->addresses, candidates->fresh, 0, FIRST_FAMILY_COUNT, order);
    for (unsigned i = candidates->fresh; i < count; i++)
        order[i] = i;
}
