/*
 * Source addresses and routes as the kernel sees them: found by connect() on a UDP socket, which sends nothing, and
 * getsockname(). A few system calls each; no lock, nothing kept open, errno kept. Async-signal-safe.
 */
#ifndef V6SHIM_RUNTIME_SOURCES_H
#define V6SHIM_RUNTIME_SOURCES_H

#include "core/address.h"

/* Whether this kernel has the family at all, right now (IPv6 can be switched off). */
bool sources_family_works(sa_family_t family);

/* Whether there is a route to `destination`; `source` (may be NULL) gets the local address that would be used. */
bool sources_find(const struct ip_address *destination, struct ip_address *source);

#endif
