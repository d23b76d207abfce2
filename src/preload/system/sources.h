/*
 * Source addresses and routes as the kernel sees them: found by connect() on a UDP socket, which sends nothing, and
 * getsockname(). A few system calls each; no lock, nothing kept open, errno kept. Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_SOURCES_H
#define V6SHIM_PRELOAD_SYSTEM_SOURCES_H

#include "core/address/address.h"

/* Whether this kernel has the family at all, right now (IPv6 can be switched off). */
bool sources_family_works(sa_family_t family);
/* The same as 0 or errno. */
int sources_family_error(sa_family_t family);

/* Whether there is a route to `destination`; `source` (may be NULL) gets the local address that would be used. */
bool sources_find(const struct ip_address *destination, struct ip_address *source);

/* Sets what the setting `source` asks for (RFC 5014) on an AF_INET6 socket that has no address yet. */
void sources_prefer(int fd);

/* One of this host's own addresses, as the kernel describes it. */
struct source {
    struct ip_address address;
    uint8_t prefix_length;
    bool deprecated; /* or optimistic: glibc takes both for the same */
    bool temporary;
    bool home;   /* of Mobile IPv6 */
    bool tunnel; /* on an encapsulating interface */
};

#define SOURCES_MAX 256

struct source_list {
    size_t count;
    struct source sources[SOURCES_MAX];
};

/* All of them, over netlink; further ones than there is room for are left out. False, and none: the kernel won't say.
 */
bool sources_list(struct source_list *list);

/* What the list says of one address; NULL where it isn't there. */
const struct source *sources_describe(const struct source_list *list, const struct ip_address *address);

#endif
