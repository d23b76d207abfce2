/*
 * IPv4 hosts whose own address lies in the alias pool: what they send would be shown as an alias, and be taken for
 * the IPv6 host that the alias stands for. The pool has to be used by nobody on the network, so such a host is a
 * mistake or a lie. It is served, but shown as the address that means nobody (aliases_nobody), to which nothing can
 * be sent.
 *
 * What goes through view.h is judged there. This is for what libc's functions have answered themselves, on sockets of
 * IPv4: two loads in nearly all cases. The ranges of alias-map are the administrator's, who may have given a host
 * there the same IPv4 address: they are left alone.
 *
 * Async-signal-safe, no lock, no system call; errno kept.
 */
#ifndef V6SHIM_PRELOAD_PEERS_IMPOSTOR_H
#define V6SHIM_PRELOAD_PEERS_IMPOSTOR_H

#include <sys/types.h>

#include "preload/alias/aliases.h"
#include "preload/base/fast_path.h"

static inline struct in_addr impostor_shown(struct in_addr real)
{
    return alias_pool_contains(&aliases_pool, real) ? aliases_nobody() : real;
}

/*
 * After a call that succeeded and has written a peer's address there, or none, with the length that the kernel gave:
 * whether impostor_hide() is to be called. (Where the program's room ended before the address in it, nobody sees
 * one.)
 */
__attribute__((always_inline)) static inline bool impostor_may_be(const void *address, socklen_t length)
{
    return length == sizeof(struct sockaddr_in) && !fast_path_is_ordinary(address, length);
}

/* Shows such a peer as nobody. Returns `result`, so that a hook can end with this call. */
ssize_t impostor_hide(void *address, socklen_t length, ssize_t result);

#endif
