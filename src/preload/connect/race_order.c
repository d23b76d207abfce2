/* Says in which order the candidates of a race start, and what the order was worth; called by both kinds of race. */
#include <errno.h>
#include <string.h>

#include "preload/connect/race.h"
#include "preload/nat64/discovery.h"
#include "preload/system/settings.h"

#define FIRST_FAMILY_COUNT 1 /* RFC 8305 section 8 */

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

uint32_t race_legacy(const struct destinations *destinations, const struct history_candidates *candidates,
                     const unsigned *order)
{
    uint32_t legacy = 0;
    for (unsigned i = 0; i < candidates->count; i++)
        if (destinations_bare_tries(destinations, &candidates->addresses[order[i]]))
            legacy |= UINT32_C(1) << i;
    return legacy;
}

int64_t race_silence_limit(uint32_t legacy, const struct history_candidates *candidates, const unsigned *order)
{
    for (unsigned i = 0; i < candidates->count; i++)
        if ((legacy >> i & 1) == 0 && order[i] < candidates->fresh)
            return settings_current()->silence_limit_ms;
    return history_silence_limit();
}

void race_note_refusal(const struct eyeballs *race, struct history_candidates *candidates, const unsigned *order)
{
    int refused = eyeballs_refusal(race);
    if (refused >= 0)
        history_note(candidates, order, (unsigned)refused, eyeballs_losers(race, (unsigned)refused));
}

int race_prohibits(const struct eyeballs *race, const struct history_candidates *candidates, const unsigned *order,
                   unsigned attempt)
{
    struct in_addr ipv4;
    if (!nat64_discovery_recover_former(&candidates->addresses[order[attempt]], &ipv4))
        return 0;
    for (unsigned i = 0; i < race->count; i++) {
        const struct ip_address *address = &candidates->addresses[order[i]];
        if ((race->attempts[i].error == EACCES || race->attempts[i].error == EPERM) && address->family == AF_INET &&
            address->ipv4.s_addr == ipv4.s_addr)
            return race->attempts[i].error;
    }
    return 0;
}
