/*
 * The setting nat64-inbound: translators in front of this host, whose clients are shown as the IPv4 addresses that
 * they have. Async-signal-safe, no lock.
 */
#ifndef V6SHIM_RUNTIME_TRANSLATORS_H
#define V6SHIM_RUNTIME_TRANSLATORS_H

#include "core/setting.h"

/* Once, at start. The setting must stay. */
void translators_start(const struct nat64_setting *setting);

/* The IPv4 address of a client behind a translator: always a global one (core/nat64.h). */
bool translators_show(const struct ip_address *address, struct in_addr *client);

/*
 * A UDP server answers to the IPv4 address that it was shown: the way back is remembered for each address and port,
 * as many as there is room for; where a later one has displaced it the answer goes over IPv4.
 * Noting gives true for a client behind a translator.
 */
bool translators_note(const struct sockaddr_storage *source, socklen_t length);
bool translators_way_back(struct in_addr client, uint16_t port, struct ip_address *address);

#endif
