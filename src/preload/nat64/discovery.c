/* Knows the NAT64 prefixes in force and the ways through them; called by connect(), lookups and datagrams. */
#include "preload/nat64/discovery.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/fast_path.h"
#include "preload/base/guard.h"
#include "preload/log/log.h"
#include "preload/nat64/kept.h"
#include "preload/nat64/record.h"
#include "preload/system/kernel.h"
#include "preload/system/settings.h"
#include "preload/system/sources.h"
#include "preload/thread/arrival.h"
#include "preload/thread/signal_handler.h"
#include "preload/thread/worker_thread.h"

#define SAME_NETWORK_MS 3000 /* a host that has moved notices that late */
#define LOOK_AGAIN_MS   1

static _Atomic long asking; /* the process whose thread asks: not that of a child's parent */
/* The resolver is slower than those who would not wait, or anybody: they don't wait for this answer again. */
static atomic_bool is_late, is_slow;

atomic_bool nat64_discovery_is_known;
static _Atomic int64_t unrouted_until_ms; /* IPv4 had no route a moment ago */

static void copy_prefixes(const struct nat64_discovery_record *record, struct nat64_discovery *found)
{
    found->count = record->count;
    for (unsigned i = 0; i < record->count; i++)
        found->prefixes[i] = record->prefixes[i];
}

/* Before anybody can find it, so that whoever does also sees that there is one. */
static void keep(const struct nat64_discovery_record *record, bool insist)
{
    if (record->count > 0) {
        atomic_store(&nat64_discovery_is_known, true);
        fast_path_at_all_addresses();
    }
    nat64_discovery_keep(record, insist);
}

static bool find_kept(const struct ip_address *network, struct nat64_discovery *found)
{
    struct nat64_discovery_record record;
    if (!nat64_discovery_kept(network, &record))
        return false;
    copy_prefixes(&record, found);
    return true;
}

/* Whether anything is known of this network: a prefix, or that there is none. */
static bool find_known(const struct ip_address *network, struct nat64_discovery *found)
{
    struct nat64_discovery_record record;
    if (find_kept(network, found))
        return true;
    if (!nat64_discovery_load(network, &record))
        return false;
    keep(&record, false);
    copy_prefixes(&record, found);
    nat64_discovery_kept(network, &record);
    return true;
}

static void ask(void *network)
{
    struct nat64_discovery_record record;
    nat64_discovery_ask(&record);
    record.network = *(const struct ip_address *)network;
    keep(&record, true);
    arrival_tell();
    nat64_discovery_store(&record);
    if (log_wants(LOG_LEVEL_INFO))
        log_message(LOG_LEVEL_INFO,
                    record.count > 0 ? "the network has a NAT64 prefix" : "the network has no NAT64 prefix");
    atomic_store(&is_late, false);
    atomic_store(&is_slow, false);
    atomic_store(&asking, 0);
    arrival_tell();
}

static bool start_asking(const struct ip_address *network)
{
    long self = syscall(SYS_getpid);
    if (atomic_exchange(&asking, self) == self)
        return true;
    struct ip_address *argument = malloc(sizeof *argument);
    struct worker_thread *worker = NULL;
    if (argument != NULL) {
        *argument = *network;
        worker = worker_thread_start(WORKER_THREAD_SHARED_NUMBERS, ask, free, argument);
    }
    if (worker != NULL) {
        worker_thread_release(worker);
        return true;
    }
    free(argument);
    atomic_store(&asking, 0);
    return false;
}

static void await_answer(int64_t patience_ms, atomic_bool *given_up)
{
    int64_t end_ms = clock_now_ms() + patience_ms;
    struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * CLOCK_NS_PER_MS};
    while (atomic_load(&asking) != 0 && !atomic_load(given_up)) {
        if (clock_now_ms() >= end_ms)
            atomic_store(given_up, true);
        guard_sleep(&pause);
    }
}

void nat64_discovery_await_briefly(void)
{
    await_answer((int64_t)settings_current()->resolution_delay_ms, &is_late);
}

/* Where this process knows of the network that it was in a moment ago, it need not be asked which that is. */
static bool find_recent(struct nat64_discovery *found)
{
    struct nat64_discovery_record record;
    if (!nat64_discovery_kept_recently(&record))
        return false;
    copy_prefixes(&record, found);
    return true;
}

enum knowledge { UNKNOWN, NOTHING_THERE, KNOWN };

static enum knowledge look_up(struct nat64_discovery *found)
{
    const struct nat64_setting *setting = &settings_current()->nat64;
    struct ip_address network;
    found->count = 0;
    if (setting->mode == NAT64_OFF || settings_current()->families == FAMILIES_INET)
        return NOTHING_THERE;
    if (setting->mode == NAT64_GIVEN) {
        for (unsigned i = 0; i < setting->count; i++)
            found->prefixes[found->count++] = setting->prefixes[i];
        return KNOWN;
    }
    if (find_recent(found))
        return found->count > 0 ? KNOWN : NOTHING_THERE;
    if (!nat64_discovery_network(&network))
        return NOTHING_THERE;
    if (!find_known(&network, found))
        return UNKNOWN;
    return found->count > 0 ? KNOWN : NOTHING_THERE;
}

bool nat64_discovery_find(enum nat64_discovery_patience patience, struct nat64_discovery *found)
{
    struct ip_address network;
    int saved = errno;
    if (look_up(found) == UNKNOWN && patience != NAT64_DISCOVERY_KNOWN && nat64_discovery_network(&network) &&
        start_asking(&network) && patience != NAT64_DISCOVERY_START) {
        if (patience == NAT64_DISCOVERY_ASK)
            await_answer(NAT64_DISCOVERY_PATIENCE_MS, &is_slow);
        else
            nat64_discovery_await_briefly();
        find_kept(&network, found);
    }
    errno = saved;
    return found->count > 0;
}

/* A prefix of the network's own leads to the network's own private addresses. */
static bool allows_private(void)
{
    return settings_current()->nat64_private != NAT64_PRIVATE_NO;
}

/* Why no prefix, be it the network's own, could carry the address; NULL: one could. */
static const char *refusal_by_any(struct in_addr ipv4)
{
    struct nat64_prefix local = {
        .address = address_ipv6(&(struct in6_addr){{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}}}, 0), .length = 48};
    return nat64_refusal(&local, ipv4, allows_private());
}

static bool may_be_carried(struct in_addr ipv4)
{
    return refusal_by_any(ipv4) == NULL;
}

/* Why an address that was asked for is not reached. Aloud, once, where nothing else leads there (`last_resort`): a
   prefix of the network's own would; or where the user has asked for that very thing. */
static void tell_refusal(struct in_addr ipv4, const char *reason, bool last_resort)
{
    static atomic_bool told;
    struct ip_address address = address_ipv4(ipv4);
    enum nat64_private setting = settings_current()->nat64_private;
    bool wanted =
        nat64_is_private(ipv4) && (setting == NAT64_PRIVATE_YES || (setting == NAT64_PRIVATE_AUTO && last_resort));
    enum log_level level = wanted && !atomic_exchange(&told, true) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
    if (!log_wants(level))
        return;
    char data[LOG_LINE_SIZE];
    struct text line = text_on(data, sizeof data);
    text_add_address(&line, &address);
    text_add(&line, " is not reached through NAT64: ");
    text_add(&line, reason);
    log_line(level, &line);
}

static size_t synthesize(const struct nat64_discovery *found, struct in_addr ipv4,
                         struct ip_address addresses[NAT64_PREFIXES_MAX], bool last_resort)
{
    size_t count = 0;
    for (unsigned i = 0; i < found->count; i++)
        count += nat64_synthesize(&found->prefixes[i], ipv4, allows_private(), &addresses[count]);
    if (count == 0 && found->count > 0)
        tell_refusal(ipv4, nat64_refusal(&found->prefixes[0], ipv4, allows_private()), last_resort);
    return count;
}

size_t nat64_discovery_ways_to(struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX])
{
    struct nat64_discovery found;
    return may_be_carried(ipv4) && nat64_discovery_find(NAT64_DISCOVERY_KNOWN, &found)
               ? synthesize(&found, ipv4, addresses, false)
               : 0;
}

size_t nat64_discovery_ways_for(int fd, bool may_wait, struct in_addr ipv4,
                                struct ip_address addresses[NAT64_PREFIXES_MAX], bool *soon)
{
    struct nat64_discovery found;
    *soon = false;
    const char *refusal = refusal_by_any(ipv4);
    if (refusal != NULL) {
        if (nat64_is_private(ipv4) && look_up(&found) == KNOWN)
            tell_refusal(ipv4, refusal, true);
        return 0;
    }
    if (look_up(&found) == UNKNOWN && !signal_handler_may_run()) {
        bool waits = may_wait && !kernel_is_nonblocking(fd);
        nat64_discovery_find(waits ? NAT64_DISCOVERY_ASK : NAT64_DISCOVERY_START, &found);
        *soon = !waits && atomic_load(&asking) != 0 && !atomic_load(&is_slow);
        if (!waits && !*soon) /* it may have answered already */
            look_up(&found);
    }
    return synthesize(&found, ipv4, addresses, true);
}

size_t nat64_discovery_ways_soon(struct in_addr ipv4, struct ip_address addresses[NAT64_PREFIXES_MAX])
{
    struct nat64_discovery found;
    return nat64_discovery_find(NAT64_DISCOVERY_BRIEFLY, &found) ? synthesize(&found, ipv4, addresses, true) : 0;
}

bool nat64_discovery_ways_now(const struct ip_address *network, struct in_addr ipv4,
                              struct ip_address addresses[NAT64_PREFIXES_MAX], size_t *count)
{
    struct nat64_discovery found = {0};
    *count = 0;
    if (find_kept(network, &found))
        *count = synthesize(&found, ipv4, addresses, true);
    else if (atomic_load(&asking) != 0)
        return false;
    return true;
}

void nat64_discovery_give_up(void)
{
    atomic_store(&is_slow, true);
}

void nat64_discovery_after_fork(void)
{
    nat64_discovery_kept_after_fork();
    atomic_store(&asking, 0);
    atomic_store(&is_late, false);
    atomic_store(&is_slow, false);
}

bool nat64_discovery_joins_race(struct in_addr ipv4)
{
    struct ip_address address = address_ipv4(ipv4);
    struct nat64_discovery found;
    if (!nat64_discovery_may_be_known() || !may_be_carried(ipv4) || clock_now_ms() < atomic_load(&unrouted_until_ms))
        return false;
    /* A private address with a route is the one that the route leads to; another host may have it elsewhere. */
    if (nat64_is_private(ipv4) && settings_current()->nat64_private != NAT64_PRIVATE_YES)
        return false;
    if (sources_find(&address, NULL))
        return nat64_discovery_find(NAT64_DISCOVERY_KNOWN, &found);
    atomic_store(&unrouted_until_ms, clock_now_ms() + SAME_NETWORK_MS);
    return false;
}

static bool recover(const struct ip_address *address, enum nat64_discovery_whose whose, struct in_addr *ipv4)
{
    const struct nat64_setting *setting = &settings_current()->nat64;
    struct nat64_prefix kept;
    const struct nat64_prefix *prefix = NULL;
    if (address->family != AF_INET6 || setting->mode == NAT64_OFF)
        return false;
    if (setting->mode == NAT64_GIVEN)
        prefix = nat64_prefix_of(setting->prefixes, setting->count, address);
    else if (nat64_discovery_may_be_known() && nat64_discovery_kept_prefix(address, whose, &kept))
        prefix = &kept;
    return prefix != NULL && nat64_recover(prefix, address, allows_private(), ipv4);
}

bool nat64_discovery_recover(const struct ip_address *address, struct in_addr *ipv4)
{
    return recover(address, NAT64_DISCOVERY_PRESENT, ipv4);
}

bool nat64_discovery_recover_former(const struct ip_address *address, struct in_addr *ipv4)
{
    return recover(address, NAT64_DISCOVERY_ANY, ipv4);
}
