/*
 * The setting nat64-inbound: translators in front of this host, whose clients are shown as the IPv4 addresses that
 * they have. Async-signal-safe, no lock.
 */
#ifndef V6SHIM_PRELOAD_PEERS_TRANSLATORS_H
#define V6SHIM_PRELOAD_PEERS_TRANSLATORS_H

#include "core/settings/setting.h"

/* Once, at start. The setting must stay. */
void translators_start(const struct nat64_setting *setting);

/* Their prefixes; NULL: there are none. */
const struct nat64_setting *translators_trusted(void);

/* The IPv4 address of a client behind a translator: always a global one (core/nat64/nat64.h). */
bool translators_show(const struct ip_address *address, struct in_addr *client);

#endif
