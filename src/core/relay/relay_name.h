/*
 * The names that the two ends of a relay have (unix(7), abstract): each says whose address it stands for, so that a
 * program which is given such a socket by another one can be told who its peer is.
 *
 * A name is one NUL, "v6shim-relay ", "own " or "peer ", the address in 32 hexadecimal digits, the scope in 8 and the
 * port in 4, each followed by a space, and a number that makes it unique in 16. It is 87 bytes or less.
 *
 * Pure, async-signal-safe; errno left alone.
 */
#ifndef V6SHIM_CORE_RELAY_RELAY_NAME_H
#define V6SHIM_CORE_RELAY_RELAY_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "core/address/address.h"

/* What the process between the two is called, at most 15 characters (PR_SET_NAME). */
#define RELAY_PROCESS_NAME "v6shim-relay"

enum relay_side {
    RELAY_OWN,  /* the program's end: the address of this host */
    RELAY_PEER, /* the other end: the address of the host that the program speaks with */
};

/* Writes the name of an IPv6 address and port (host byte order); its length as bind(2) wants it. */
socklen_t relay_name_write(enum relay_side side, const struct ip_address *address, uint16_t port, uint64_t unique,
                           struct sockaddr_un *name);

/* Whether a name is one of these, of that side; the results are left alone where it isn't. It does not say who made
   it: whoever may bind a socket can make such a name. */
bool relay_name_read(const struct sockaddr_un *name, socklen_t length, enum relay_side side,
                     struct ip_address *address, uint16_t *port);

#endif
