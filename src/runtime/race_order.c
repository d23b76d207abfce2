#include "runtime/race_order.h"

#include <string.h>

#include "runtime/history.h"

#define FIRST_FAMILY_COUNT 1 /* RFC 8305 section 8 */

_Static_assert(CANDIDATES_PER_LIST <= EYEBALLS_CANDIDATES_MAX, "a list of candidates is one race");

void race_order(const struct destinations *destinations, struct ip_address candidates[EYEBALLS_CANDIDATES_MAX],
                unsigned order[EYEBALLS_CANDIDATES_MAX])
{
    unsigned count = (unsigned)destinations->count;
    memcpy(candidates, destinations->addresses, count * sizeof candidates[0]);
    unsigned fresh = history_reorder(candidates, count);
    eyeballs_interleave(candidates, fresh, 0, FIRST_FAMILY_COUNT, order);
    for (unsigned i = fresh; i < count; i++)
        order[i] = i;
}
