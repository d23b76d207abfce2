/*
 * Names -> candidates. The IPv4 half of every answer is libc's own; the IPv6 half is looked up at the same time, on a
 * worker thread, because a resolver that drops AAAA queries makes libc wait for many seconds. The two halves are put
 * together here.
 *
 * For name lookups only: allocates, waits, is not async-signal-safe. No lock is held while waiting.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_RESOLVE_H
#define V6SHIM_PRELOAD_RESOLVE_RESOLVE_H

#include <netdb.h>
#include <stdatomic.h>

#include "core/names/candidates.h"
#include "preload/base/hook.h"

/* Most addresses of one name that are put together; libc's own answer is never shortened where nothing is added. */
#define RESOLVE_ADDRESSES 64

struct resolve_addresses {
    size_t count;
    bool ipv4_first; /* of resolve_order: the program sees the IPv4 addresses before all aliases */
    struct ip_address addresses[RESOLVE_ADDRESSES];
};

/* A name's IPv6 half while it is sought. */
struct resolve_half;

/*
 * Starts to look for IPv6 addresses: with gethostbyname2_r where `hints` is NULL (so that h_name and h_aliases are to
 * be had), else with getaddrinfo, the same service and hints, ai_family AF_INET6. NULL where it isn't to be done
 * (IPv6 off, `families inet`) or can't. The strings and hints are copied.
 */
struct resolve_half *resolve_start(const char *name, const char *service, const struct addrinfo *hints);

/* How the IPv4 half went. */
enum resolve_outcome {
    RESOLVE_FOUND,
    RESOLVE_ABSENT,     /* the answer is that there is no address */
    RESOLVE_UNANSWERED, /* a time-out, a broken server */
};

/*
 * Waits for it: `resolution-delay` where the IPv4 half has addresses, until the resolver has an answer where not.
 * NULL-safe. True where IPv6 addresses were found: only then the two below may be called.
 *
 * A resolver that answered the IPv4 half and not this one is noted to be silent (preload/resolve/no_aaaa); one that
 * answered neither may be back the next moment.
 */
bool resolve_wait(struct resolve_half *half, enum resolve_outcome ipv4);
/* After that gave false: whether that is the resolver's answer. (It may be late, or not asked.) NULL-safe. */
bool resolve_is_absent(const struct resolve_half *half);
const struct hostent *resolve_hostent(const struct resolve_half *half);
/* Hands over the list: it is the caller's to free with freeaddrinfo. */
struct addrinfo *resolve_take_info(struct resolve_half *half);

/* No more interest; NULL-safe. */
void resolve_end(struct resolve_half *half);

/* At the end of a thread: gives up what lookups of its own were left, by siglongjmp or cancellation. */
void resolve_abandon_all(void);

/* Adds the addresses of an answer to a list, without doubles. */
void resolve_add(struct resolve_addresses *list, const struct ip_address *address);

/*
 * Puts both halves of a name in the order in which they are to be tried (settings `prefer` and `families`):
 * candidates, not yet what the program is shown. IPv4 addresses keep libc's order among each other, unless the user
 * has set a policy. What a DNS64 made of an IPv4 address becomes that again, and each IPv4 address without a route is
 * followed by the ways to it through NAT64, if the network has it (that is asked, and awaited, where no address could
 * be reached otherwise). This host's own name has its IPv4 addresses first.
 *
 * Left out: IPv4 addresses inside the alias pool, which would be taken for aliases; IPv6 ones that mean an IPv4
 * address (mapped) or nothing (::); and those that are nearer than the farthest IPv4 address of the name
 * (core/address/reach).
 *
 * ordered->ipv4_first says that the program is to see the IPv4 addresses first, as libc gives them: always, but where
 * none of them has a route, or the user has set another order (`policy`, `prefer ipv6`). A name that has more
 * addresses than are put together has them first in any case, so that none is lost.
 */
void resolve_order(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                   struct resolve_addresses *ordered);

/* Whether any of them is IPv6 by itself, not the way to an IPv4 address: only then the program's connect() to the
   others has to know of the list. */
bool resolve_has_ipv6(const struct resolve_addresses *ordered);

/* What the program sees of a candidate: IPv4 as it is, one inside a NAT64 prefix as the IPv4 address that it holds,
 * ::1 as 127.0.0.1, else the alias. False: not to be shown. */
bool resolve_shown(const struct ip_address *candidate, struct in_addr *shown);

/* Whether this process has been given an alias as text, or by a name that has no IPv4 address before it: only then is
   its next datagram likely to go to one. */
extern atomic_bool resolve_alias_shown NEARBY;
static inline bool resolve_has_shown_alias(void)
{
    return atomic_load_explicit(&resolve_alias_shown, memory_order_relaxed);
}

/* As resolve_shown for a whole list, in the order in which the program sees it, each address once, and only those
   that `prefer` lets it see. `places` (may be NULL) gets the place in `ordered` of each. Returns how many. */
size_t resolve_shown_list(const struct resolve_addresses *ordered, struct in_addr shown[RESOLVE_ADDRESSES],
                          size_t places[RESOLVE_ADDRESSES]);

/*
 * Remembers which candidates belong to the name, here and for other processes. `ipv4` and `ipv6` are its halves as
 * the resolver gave them; `ipv6_absent`: it says that there is no IPv6 one.
 */
void resolve_record(const char *name, const struct resolve_addresses *ipv4, const struct resolve_addresses *ipv6,
                    bool ipv6_absent, const struct resolve_addresses *ordered);

/* IPv6 text as a person types it; an interface name as zone is looked up. False for names and dotted quads. */
bool resolve_literal(const char *text, struct ip_address *address);

#endif
