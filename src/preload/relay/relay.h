/*
 * Relays: the program's number of a connection over IPv6 becomes one end of a local pair of sockets, and what passes
 * is filtered on its way (core/ftp), by a process of its own (relay_process.h). For protocols that carry addresses in
 * what they send, on the ports that the settings name. All other sockets are as they were, and pay nothing.
 *
 * What the program sees of the number afterwards is what it saw before: the hooks show the addresses
 * (relay_address.h), take the options, and answer for the rest (SOCKET_RELAYED in sockets.h).
 *
 * Async-signal-safe; errno kept.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_H
#define V6SHIM_PRELOAD_RELAY_RELAY_H

#include "preload/relay/relay_pump.h"
#include "preload/socket/sockets.h"

/* Whether connections with this port of the server's (host byte order) are to be relayed. */
bool relay_wants(uint16_t port);

/* A pair that is not in use yet. */
struct relay_pair {
    int program;                           /* the end that goes under the program's number */
    int relay;                             /* the other one */
    uint64_t program_cookie, relay_cookie; /* so that a number which was closed behind our back is known */
};
#define RELAY_NO_PAIR ((struct relay_pair){-1, -1, 0, 0})

/* Makes one, at high numbers; false where none is to be had. What the program has put under these numbers since isn't
   closed. */
bool relay_make_pair(struct relay_pair *pair);
void relay_close_pair(struct relay_pair *pair);

/*
 * Puts the program's end under `fd` and all its duplicates, and starts the relay between the other end and `network`,
 * a connected socket of IPv6. Both ends and `network` are used up. Makes no descriptor. Signals have to be blocked,
 * and cancellation off.
 *
 * 0. -ECHILD: there is no relay, and `network` stands under `fd` instead. Else -errno: nothing was done, `network`
 * and the pair are still open.
 */
int relay_install(struct relay_pair *pair, int fd, struct socket_record *record, int network, enum relay_role role);

/*
 * The same for a connected socket under the program's own number; where there can't be a relay, everything is as it
 * was, and the log says so. Nothing is done for a socket that isn't connected over IPv6, or that another process has.
 */
void relay_insert(int fd, enum relay_role role);

/* The same for a connection that this program, a server, was given by another one (inetd), under the standard numbers
   as a rule; only where its own port is one of them. Nothing may be known about the number. */
void relay_insert_inherited(int fd);

/* After listen() has succeeded: whether the connections of this upgraded socket are to be relayed. */
void relay_note_listening(int fd);

#endif
