#include "runtime/redirect.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/beside.h"
#include "runtime/clock.h"
#include "runtime/observe.h"
#include "runtime/real.h"
#include "runtime/settings.h"

#define LOOKED_UP_AGAIN_MS 60000
#define READ_TRIES         100 /* a writer needs less than a microsecond */

/* What is known of the name of an entry. One that changes while it is read is read again. */
static struct {
    _Atomic uint32_t sequence; /* odd while it is written; 0: never looked up */
    _Atomic int64_t looked_up_ms;
    _Atomic size_t count;
    struct {
        _Atomic uint64_t high, low; /* the address, as it lies in memory */
        _Atomic uint32_t scope;
    } addresses[REDIRECT_ADDRESSES];
} known[REDIRECTS_SIZE];

static void read_address(unsigned place, size_t index, struct ip_address *address)
{
    uint64_t words[2] = {atomic_load(&known[place].addresses[index].high),
                         atomic_load(&known[place].addresses[index].low)};
    struct in6_addr ipv6;
    memcpy(&ipv6, words, sizeof ipv6);
    *address = address_ipv6(&ipv6, atomic_load(&known[place].addresses[index].scope));
}

static void write_address(unsigned place, size_t index, const struct ip_address *address)
{
    uint64_t words[2];
    memcpy(words, &address->ipv6, sizeof words);
    atomic_store(&known[place].addresses[index].high, words[0]);
    atomic_store(&known[place].addresses[index].low, words[1]);
    atomic_store(&known[place].addresses[index].scope, address->scope);
}

static int place_of(struct in_addr asked)
{
    const struct redirects *redirects = &settings_current()->redirects;
    for (unsigned i = 0; i < redirects->count; i++)
        if (redirects->entries[i].from.s_addr == asked.s_addr)
            return (int)i;
    return -1;
}

static size_t read_known(unsigned place, struct ip_address addresses[REDIRECT_ADDRESSES])
{
    for (int tries = 0; tries < READ_TRIES; tries++) {
        uint32_t before = atomic_load_explicit(&known[place].sequence, memory_order_acquire);
        if (before == 0)
            return 0;
        size_t count = atomic_load(&known[place].count);
        for (size_t i = 0; i < count; i++)
            read_address(place, i, &addresses[i]);
        if (before % 2 == 0 && atomic_load(&known[place].sequence) == before)
            return count;
    }
    return 0;
}

/* Where two threads have looked the same name up, one of them writes. */
static void write_known(unsigned place, const struct addrinfo *list)
{
    uint32_t before = atomic_load(&known[place].sequence);
    if (before % 2 != 0 || !atomic_compare_exchange_strong(&known[place].sequence, &before, before + 1))
        return;
    size_t count = 0;
    for (; list != NULL && count < REDIRECT_ADDRESSES; list = list->ai_next) {
        struct ip_address address;
        if (address_from_sockaddr(list->ai_addr, list->ai_addrlen, &address, NULL))
            write_address(place, count++, &address);
    }
    atomic_store(&known[place].count, count);
    atomic_store(&known[place].looked_up_ms, clock_now_ms());
    atomic_store_explicit(&known[place].sequence, before + 2, memory_order_release);
}

static void look_up(void *data)
{
    unsigned place = *(const unsigned *)data;
    const char *name = settings_current()->redirects.entries[place].name;
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = REAL(getaddrinfo)(name, NULL, &hints, &list);
    if (error == 0) {
        write_known(place, list);
        freeaddrinfo(list);
    } else {
        observe_error(OBSERVE_WARNING, "no IPv6 address to redirect to:", name, 0);
    }
}

static void look_up_beside(unsigned place, int64_t patience_ms)
{
    unsigned *argument = malloc(sizeof *argument);
    if (argument == NULL)
        return;
    *argument = place;
    struct beside *beside = beside_start(look_up, free, argument);
    if (beside == NULL) {
        free(argument);
        return;
    }
    beside_wait(beside, patience_ms);
    beside_release(beside);
}

static bool is_fresh(unsigned place)
{
    return atomic_load(&known[place].sequence) != 0 &&
           clock_now_ms() - atomic_load(&known[place].looked_up_ms) < LOOKED_UP_AGAIN_MS;
}

size_t redirect_find(struct in_addr asked, bool may_look_up, int64_t patience_ms,
                     struct ip_address addresses[REDIRECT_ADDRESSES])
{
    int place = place_of(asked), saved = errno;
    if (place < 0)
        return 0;
    const struct redirect *redirect = &settings_current()->redirects.entries[place];
    if (redirect->to.family == AF_INET6) {
        addresses[0] = redirect->to;
        return 1;
    }
    if (may_look_up && !is_fresh((unsigned)place))
        look_up_beside((unsigned)place, patience_ms);
    errno = saved;
    return read_known((unsigned)place, addresses);
}

bool redirect_recover(const struct ip_address *address, struct in_addr *asked)
{
    const struct redirects *redirects = &settings_current()->redirects;
    for (unsigned i = 0; i < redirects->count; i++) {
        struct ip_address addresses[REDIRECT_ADDRESSES] = {redirects->entries[i].to};
        size_t count = redirects->entries[i].to.family == AF_INET6 ? 1 : read_known(i, addresses);
        for (size_t j = 0; j < count; j++) {
            if (!address_equal(&addresses[j], address))
                continue;
            *asked = redirects->entries[i].from;
            return true;
        }
    }
    return false;
}
