/*
 * What is known of the NAT64 prefixes of a network: asked of its resolver (RFC 7050), and kept in the state file for
 * the user's other processes.
 *
 * nat64_discovery_ask waits for the resolver and allocates. All others are async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_NAT64_RECORD_H
#define V6SHIM_PRELOAD_NAT64_RECORD_H

#include "core/nat64/nat64.h"

struct nat64_discovery_record {
    struct ip_address network; /* by the local address that is used towards the Internet: its /64 */
    int64_t asked_s, until_s;  /* of the calendar */
    unsigned count;            /* 0: there is none */
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
    bool unanswered; /* the resolver said nothing of use; not kept in the file */
};

/* The network that the host is in now. False: no IPv6 route to anywhere far. */
bool nat64_discovery_network(struct ip_address *network);

/* The record of a network, if it still counts. */
bool nat64_discovery_load(const struct ip_address *network, struct nat64_discovery_record *record);
void nat64_discovery_store(const struct nat64_discovery_record *record);
bool nat64_discovery_counts(const struct nat64_discovery_record *record, const struct ip_address *network);

/* Asks for the addresses of ipv4only.arpa. Fills in all but the network: no answer counts as none for a short time.
 */
void nat64_discovery_ask(struct nat64_discovery_record *record);

#endif
