/*
 * Destination address selection: RFC 6724 section 6, and as glibc does it.
 *
 * Pure, no allocation, async-signal-safe, errno left alone.
 *
 * Where glibc 2.36's getaddrinfo departs from the RFC, policy->rules decides:
 *   rule 9, IPv6   the RFC compares at most as many bits as the source's prefix has; glibc all 128.
 *   rule 9, IPv4   the RFC compares as it does for IPv6; glibc only where the destination is inside the source's own
 *                  subnet (else 0 bits), so that the order that a round-robin DNS server gave survives.
 *   scope          the RFC judges ::ffff:a.b.c.d as a.b.c.d; to glibc it is a global IPv6 address (policy_scope).
 * Alike in both, and worth knowing: without any source rules 2 to 5, 7 and 9 say nothing. Rule 9 compares within a
 * family only, which makes "is better than" go round in circles where families lie mixed in the order given; the
 * result is then the one that glibc's merge sort arrives at, comparison for comparison.
 */
#ifndef V6SHIM_CORE_ORDER_SELECTION_H
#define V6SHIM_CORE_ORDER_SELECTION_H

#include "core/order/policy.h"

/* One destination, and what the kernel says of the way there. */
struct selection_candidate {
    struct ip_address destination;
    bool has_source; /* false: no route, so no source address; what follows is then not read */
    struct ip_address source;
    uint8_t source_prefix_length; /* of the source on its interface; 0 where it is not known */
    bool source_deprecated;       /* IFA_F_DEPRECATED, and to glibc IFA_F_OPTIMISTIC */
    bool source_home;             /* a Mobile IPv6 home address: IFA_F_HOMEADDRESS */
    bool tunnel; /* reached through an encapsulating interface: ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT */
};

/* The numbers are those of RFC 6724 section 6. */
enum selection_rule {
    SELECTION_FIRST = 0, /* of the first place: nothing stands before it */
    SELECTION_USABLE = 1,
    SELECTION_SCOPE_MATCH,
    SELECTION_NOT_DEPRECATED,
    SELECTION_HOME,
    SELECTION_LABEL,
    SELECTION_PRECEDENCE,
    SELECTION_NATIVE,
    SELECTION_SMALLER_SCOPE,
    SELECTION_LONGEST_PREFIX,
    SELECTION_ORDER_GIVEN,
};

struct selection_place {
    unsigned index;           /* of the candidate in the array given */
    enum selection_rule rule; /* that put it behind the place before */
};

/* Below 0: left is preferred; above 0: right; 0: keep the order given (rule 10). `rule` is set to the rule that said.
 */
int selection_compare(const struct policy *policy, const struct selection_candidate *left,
                      const struct selection_candidate *right, enum selection_rule *rule);

/* Sorts: writes the `count` places, the most preferred first. Stable. */
void selection_sort(const struct policy *policy, const struct selection_candidate *candidates, size_t count,
                    struct selection_place *places);

/* The rule in a few words, for people: "longest matching prefix". */
const char *selection_rule_text(enum selection_rule rule);

#endif
