/*
 * Ways back to UDP peers that are shown by an IPv4 address of their own although they came over IPv6: those of ::1,
 * and clients of a trusted translator (translators.h). A server answers to the address that it was shown.
 *
 * Lock-free, async-signal-safe, errno kept.
 */
#ifndef V6SHIM_PRELOAD_PEERS_RETURN_PATH_H
#define V6SHIM_PRELOAD_PEERS_RETURN_PATH_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/address/address.h"
#include "preload/base/hook.h"
#include "preload/peers/view.h"

/* Whether there has been such a peer: until then nobody asks for its way. */
extern _Atomic bool return_path_any NEARBY;

/* A datagram came to `fd` from this address. How it is to be shown. */
view *return_path_note(int fd, const struct sockaddr_storage *source, socklen_t length);

/* What `fd` sends to this peer: the IPv6 address from which its latest datagram came. False: it came over IPv4, or
   none did. */
bool return_path_way_back(int fd, const struct sockaddr_in *peer, struct ip_address *address);
static inline bool return_path_may_concern(void)
{
    return atomic_load_explicit(&return_path_any, memory_order_relaxed);
}

#endif
