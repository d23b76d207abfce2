#include "runtime/history.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/candidates.h"
#include "core/outcome.h"
#include "core/slot.h"
#include "runtime/clock.h"
#include "runtime/sources.h"
#include "runtime/state.h"

_Static_assert(OUTCOME_SIZE + SLOT_CHECKSUM_SIZE == STATE_HISTORY_SLOT_SIZE, "a record is the payload of a slot");

static uint64_t calendar_s(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

/* The network on which the address would be reached now; false where there is no route: nothing to remember then. */
static bool network_to(const struct ip_address *address, struct ip_address *network)
{
    struct ip_address source;
    if (!sources_find(address, &source))
        return false;
    *network = outcome_network(&source);
    return true;
}

static bool has_lost(const struct ip_address *address, const struct ip_address *network)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome outcome;
    return state_slot_read(state_current(), STATE_HISTORY, outcome_slot(address, network, STATE_HISTORY_SLOTS),
                           payload) &&
           outcome_decode(payload, &outcome) && outcome_counts(&outcome, address, network, calendar_s());
}

unsigned history_reorder(struct ip_address *addresses, unsigned count)
{
    struct ip_address losers[CANDIDATES_PER_LIST];
    unsigned lost = 0, kept = 0;
    int saved = errno;
    for (unsigned i = 0; i < count && i < CANDIDATES_PER_LIST; i++) {
        struct ip_address network;
        if (network_to(&addresses[i], &network) && has_lost(&addresses[i], &network))
            losers[lost++] = addresses[i];
        else
            addresses[kept++] = addresses[i];
    }
    memcpy(addresses + kept, losers, lost * sizeof losers[0]);
    errno = saved;
    return kept;
}

static void write_outcome(const struct ip_address *address, const struct ip_address *network,
                          const struct ip_address *winner)
{
    uint8_t payload[OUTCOME_SIZE];
    struct outcome outcome = {.network = *network, .time_s = calendar_s()};
    if (winner != NULL) {
        outcome.address = *address;
        outcome.winner = *winner;
    }
    outcome_encode(&outcome, payload);
    state_slot_write(state_current(), STATE_HISTORY, STATE_CREATE,
                     outcome_slot(address, network, STATE_HISTORY_SLOTS), payload);
}

void history_note(const struct ip_address *addresses, const unsigned *order, unsigned winner)
{
    int saved = errno;
    struct ip_address network;
    const struct ip_address *best = &addresses[order[winner]];
    for (unsigned i = 0; i < winner; i++)
        if (network_to(&addresses[order[i]], &network))
            write_outcome(&addresses[order[i]], &network, best);
    /* What has won after all is no loser any more. */
    if (network_to(best, &network) && has_lost(best, &network))
        write_outcome(best, &network, NULL);
    errno = saved;
}
