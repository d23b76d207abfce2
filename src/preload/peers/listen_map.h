/*
 * The setting listen-map: IPv6 addresses that servers bind in the place of IPv4 addresses. Async-signal-safe, no
 * lock.
 */
#ifndef V6SHIM_PRELOAD_PEERS_LISTEN_MAP_H
#define V6SHIM_PRELOAD_PEERS_LISTEN_MAP_H

#include "core/settings/setting.h"

/* Once, at start. Entries that can't be (core/address/explicit_mapping.h) are said in the log and ignored. */
void listen_map_start(const struct prefix_map *wanted);

/* The IPv6 address for an IPv4 one; false where there is none. */
bool listen_map_find(struct in_addr ipv4, struct ip_address *ipv6);
/* The IPv4 address that the program bound, for a local IPv6 address. */
bool listen_map_find_ipv4(const struct ip_address *ipv6, struct in_addr *ipv4);

#endif
