/*
 * What the fast path of a hook needs to look at its arguments, in few instructions and without a call: most calls of
 * a program are none of our business.
 */
#ifndef V6SHIM_PRELOAD_BASE_FAST_PATH_H
#define V6SHIM_PRELOAD_BASE_FAST_PATH_H

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/settings/config.h"
#include "preload/base/hook.h"
#include "preload/base/pointer.h"
#include "preload/base/ready.h"

/* For each first octet of an IPv4 address whether such an address may be an alias (alias-pool, alias-map) or
   redirected. Written at the start. */
extern bool fast_path_octets[UINT8_MAX + 1] NEARBY;
void fast_path_start(const struct settings *settings);

/* Whether the address may be an alias or redirected. Never false where it is. */
static inline bool fast_path_may_concern(struct in_addr address)
{
    return fast_path_octets[*(const uint8_t *)&address];
}

/* The last byte of a name server's port, 53, whose datagrams are looked at (preload/queries/queries.h). */
#define FAST_PATH_NAME_SERVER 53

/*
 * Whether a socket address that the program gave is surely nothing of that kind, nor a name server, nor too short to
 * be looked at: of any family (what stands in the place of the octet in others than AF_INET may make this false). An
 * address is read only where that can't fail; where it might, the answer is false, too.
 */
__attribute__((always_inline)) static inline bool fast_path_is_ordinary(const void *address, socklen_t length)
{
    const size_t octet = offsetof(struct sockaddr_in, sin_addr), least = sizeof(struct sockaddr_in);
    const size_t port = offsetof(struct sockaddr_in, sin_port) + 1;
    return length - least <= sizeof(struct sockaddr_storage) - least && pointer_is_at_hand(address) &&
           !fast_path_octets[((const uint8_t *)address)[octet]] &&
           ((const uint8_t *)address)[port] != FAST_PATH_NAME_SERVER;
}

/* Whether a connection to any other IPv4 address may concern us: a name was looked up that has several addresses,
   there is a NAT64, or a peer is shown by an IPv4 address that isn't its own. Never false again. */
extern atomic_bool fast_path_all_addresses NEARBY;
static inline void fast_path_at_all_addresses(void)
{
    atomic_store_explicit(&fast_path_all_addresses, true, memory_order_relaxed);
}
static inline bool fast_path_wants_all_addresses(void)
{
    return atomic_load_explicit(&fast_path_all_addresses, memory_order_relaxed);
}

/* Where this thread's errno is, once fast_path_note_thread() was called in it; else NULL. (To ask libc is a call,
   which the arguments of a hook would have to be saved for.) */
extern __thread int *fast_path_errno __attribute__((tls_model("initial-exec")));
/* For slow paths: what a fast path has to know of this thread. */
static inline void fast_path_note_thread(void)
{
    if (is_ready())
        fast_path_errno = &errno;
    pointer_note_stack();
}

#endif
