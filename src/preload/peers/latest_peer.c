/* Keeps the peer that this thread exchanged datagrams with last; called by the hooks of sendto() and recvfrom(). */
#include "preload/peers/latest_peer.h"

#include "preload/alias/aliases.h"

__thread struct latest_peer latest_peer __attribute__((tls_model("initial-exec")));

/* The alias of the datagram before: who is sent to in turns isn't worth the trouble. */
static __thread struct in_addr before __attribute__((tls_model("initial-exec")));

void latest_peer_note(struct in_addr alias, const struct ip_address *address)
{
    struct in_addr known;
    if (before.s_addr != alias.s_addr) {
        before = alias;
        return;
    }
    if (latest_peer.busy != 0 || address->family != AF_INET6 || address->scope != 0 || address_is_mapped(address) ||
        address_is_loopback(address) || !aliases_recall(address, &known) || known.s_addr != alias.s_addr)
        return;
    latest_peer.busy = 1;
    atomic_signal_fence(memory_order_seq_cst);
    latest_peer.alias = alias;
    latest_peer.address = address->ipv6;
    atomic_signal_fence(memory_order_seq_cst);
    latest_peer.changes = (sig_atomic_t)((unsigned)latest_peer.changes + 1);
    latest_peer.busy = 0;
}
