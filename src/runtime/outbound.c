#include "runtime/outbound.h"

#include <stdatomic.h>

#include "runtime/pref64.h"
#include "runtime/redirect.h"

#define SENT_SLOTS  1024u
#define HASH_FACTOR 2654435761u /* Knuth's: 2^32 by the golden ratio */
#define HASH_SHIFT  22          /* to the highest 10 bits, as many as the slots need */

/* Where datagrams were sent, newer ones in the place of older ones. 0 is free: nobody sends to 0.0.0.0. */
static _Atomic in_addr_t sent[SENT_SLOTS];
atomic_bool outbound_any;

static _Atomic in_addr_t *slot_of(struct in_addr address)
{
    return &sent[(address.s_addr * HASH_FACTOR) >> HASH_SHIFT];
}

bool outbound_recover(const struct ip_address *address, struct in_addr *shown)
{
    return redirect_recover(address, shown) || pref64_recover(address, shown);
}

void outbound_note(struct in_addr asked)
{
    atomic_store_explicit(&outbound_any, true, memory_order_relaxed);
    atomic_store_explicit(slot_of(asked), asked.s_addr, memory_order_relaxed);
}

static void show(struct sockaddr_storage *full, bool only_noted)
{
    struct ip_address native;
    struct in_addr shown;
    uint16_t port;
    if (full->ss_family != AF_INET6 ||
        !address_from_sockaddr((const struct sockaddr *)full, sizeof(struct sockaddr_in6), &native, &port) ||
        !outbound_recover(&native, &shown))
        return;
    if (only_noted && atomic_load_explicit(slot_of(shown), memory_order_relaxed) != shown.s_addr)
        return;
    struct ip_address mapped = address_map(shown);
    address_to_sockaddr(&mapped, port, full);
}

void outbound_show_peer(struct sockaddr_storage *full)
{
    show(full, false);
}

void outbound_show_source(struct sockaddr_storage *full)
{
    if (atomic_load_explicit(&outbound_any, memory_order_relaxed))
        show(full, true);
}
