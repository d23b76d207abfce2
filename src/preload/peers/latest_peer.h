/*
 * The peer with which this thread has exchanged datagrams last: most threads have only one, and what is known about
 * it need not be found again for each datagram. Kept are IPv6 addresses without a scope whose alias is for good.
 *
 * Async-signal-safe: a handler that comes while it is being replaced leaves it alone, and one that replaces it while
 * it is being read is noticed. That takes no atomic word, unlike a sequence lock between threads
 * (core/base/seqlock.h).
 */
#ifndef V6SHIM_PRELOAD_PEERS_LATEST_PEER_H
#define V6SHIM_PRELOAD_PEERS_LATEST_PEER_H

#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "core/address/address.h"

struct latest_peer {
    sig_atomic_t busy, changes;
    struct in_addr alias; /* 0.0.0.0: none yet */
    struct in6_addr address;
};
extern __thread struct latest_peer latest_peer __attribute__((tls_model("initial-exec")));

/* A datagram to this alias was sent to that address. */
void latest_peer_note(struct in_addr alias, const struct ip_address *address);

static inline bool latest_peer_address(struct in_addr alias, struct in6_addr *address)
{
    sig_atomic_t changes = latest_peer.changes;
    atomic_signal_fence(memory_order_seq_cst);
    *address = latest_peer.address;
    bool found = alias.s_addr != 0 && latest_peer.alias.s_addr == alias.s_addr && latest_peer.busy == 0;
    atomic_signal_fence(memory_order_seq_cst);
    return found && latest_peer.changes == changes;
}

static inline bool latest_peer_alias(const struct in6_addr *address, struct in_addr *alias)
{
    sig_atomic_t changes = latest_peer.changes;
    atomic_signal_fence(memory_order_seq_cst);
    *alias = latest_peer.alias;
    bool found = memcmp(&latest_peer.address, address, sizeof *address) == 0 && latest_peer.busy == 0;
    atomic_signal_fence(memory_order_seq_cst);
    return found && alias->s_addr != 0 && latest_peer.changes == changes;
}

#endif
