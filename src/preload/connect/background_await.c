/* Races that have no candidates yet: a resolver is asked where the program's address is. */
#include <errno.h>

#include "preload/base/cancellation.h"
#include "preload/base/clock.h"
#include "preload/connect/attempts.h"
#include "preload/connect/background_race.h"
#include "preload/connect/race_thread.h"
#include "preload/nat64/discovery.h"
#include "preload/nat64/record.h"
#include "preload/resolve/redirect.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"

/* How long libc's resolver takes at most, as it usually is set up (resolv.conf(5)). */
#define NAME_PATIENCE_MS 10000

static int apply_options(struct background *race, uint32_t item, struct in_addr asked, enum background_awaits awaits)
{
    struct original original;
    bool prefix = awaits == BACKGROUND_AWAITS_PREFIX;
    race->awaits = awaits;
    race->awaited = asked;
    race->awaited_until_ms = clock_now_ms() + (prefix ? NAT64_DISCOVERY_PATIENCE_MS : NAME_PATIENCE_MS);
    eyeballs_init(&race->eyeballs, 0, settings_current()->attempt_delay_ms);
    if (!attempts_read_original(race->fd, false, &original) || (prefix && !nat64_discovery_network(&race->network)) ||
        background_make_slots(race, &original, 0, FAMILY_SLOTS) < 0)
        return -EAGAIN;
    if (relay_wants(race->port))
        relay_make_pair(&race->relay);
    atomic_store(background_due(item), 0); /* it may have been answered by now */
    return background_put_placeholder(race, item);
}

int background_await(int fd, struct in_addr asked, uint16_t port, enum background_awaits awaits)
{
    int saved = errno, result = -EAGAIN;
    uint32_t item;
    sigset_t before;
    /* As for any race (connection.c): not in order, and not with what can be set on one socket only. */
    bool may_race =
        settings_current()->connect == CONNECT_RACE && !sockets_has(fd, SOCKET_UNREPLAYABLE | SOCKET_FILTERED);
    struct background *race = may_race ? background_enter(fd, port, &item, &before) : NULL;
    if (race != NULL) {
        result = apply_options(race, item, asked, awaits) == -EINPROGRESS ? -EINPROGRESS : -EAGAIN;
        if (result == -EAGAIN)
            background_close(race, item);
        background_leave_to_thread(race, item, &before, result);
    }
    errno = saved;
    return result;
}

void background_await_briefly(enum background_awaits awaits, struct in_addr awaited)
{
    if (awaits == BACKGROUND_AWAITS_NAME)
        redirect_await_briefly(awaited);
    else
        nat64_discovery_await_briefly();
}

/* False: not known yet. */
static bool find_awaited(struct background *race, size_t *count)
{
    if (race->awaits == BACKGROUND_AWAITS_PREFIX)
        return nat64_discovery_ways_now(&race->network, race->awaited, race->candidates.addresses, count);
    *count = redirect_find(race->awaited, REDIRECT_KNOWN, race->candidates.addresses);
    return *count > 0 || !redirect_is_asked(race->awaited);
}

bool background_stop_awaiting(struct background *race, uint32_t item, int64_t now_ms)
{
    size_t count;
    if (!find_awaited(race, &count)) {
        if (now_ms < race->awaited_until_ms) {
            atomic_store(background_due(item), race->awaited_until_ms);
            return false;
        }
        if (race->awaits == BACKGROUND_AWAITS_PREFIX)
            nat64_discovery_give_up();
    }
    race->awaits = BACKGROUND_AWAITS_NOTHING;
    race->candidates.count = race->candidates.fresh = (unsigned)count;
    race->candidates.located = true;
    for (unsigned i = 0; i < count; i++) {
        race->order[i] = i;
        race->candidates.networks[i] = (struct ip_address){.family = AF_UNSPEC}; /* not for the history */
    }
    eyeballs_init(&race->eyeballs, (unsigned)count, settings_current()->attempt_delay_ms);
    return true;
}

void background_go_on(void)
{
    uint32_t last = atomic_load(&background_races.taken);
    for (uint32_t item = 1; item <= last && background_any(); item++) {
        struct background *race = background_at(item);
        sigset_t before;
        background_lock(race, &before);
        if (background_is_on(race) && race->awaits != BACKGROUND_AWAITS_NOTHING) {
            atomic_store(background_due(item), 0);
            race_thread_wake(0);
        }
        background_unlock(race, &before);
    }
}

int background_take_failure(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    struct socket_record *record = sockets_find(fd);
    if (record == NULL) /* closed meanwhile, by another thread */
        return EBADF;
    int saved = errno, failure = atomic_load(&record->failure);
    CANCELLATION_OFF(cancellation);
    sockets_clear(record, SOCKET_FAILED);
    kernel_socket_integer(fd, SO_ERROR);
    REAL(connect)(fd, &nowhere, sizeof nowhere);
    errno = saved;
    return failure;
}
