/*
 * What a relay does all day: bytes from one socket through the filter to the other, both ways, until it has nothing
 * to do any more.
 *
 * What the program or its peer does shows at the other end: the end of what one sends (FIN, shutdown()) when all of
 * it has been passed on, in each direction by itself; urgent bytes in their place; a peer that doesn't read stops the
 * other one from sending (some KiB are kept here, no more). A connection that is reset ends for the program as one
 * that was closed, and what the program does with what it has not read yet doesn't reset the connection.
 *
 * Once the program has closed its end, a peer that reads less than 8 KiB of what is left in 30 seconds is given up.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_PUMP_H
#define V6SHIM_PRELOAD_RELAY_RELAY_PUMP_H

#include <stdbool.h>

#include "core/address/address.h"

enum relay_role {
    RELAY_FTP_CLIENT, /* the program is the client of FTP */
    RELAY_FTP_SERVER, /* the program serves FTP */
};

/* All that a relay knows. Both sockets don't block, and have SO_OOBINLINE. */
struct relay_work {
    int network, local;
    enum relay_role role;
    bool translated;                      /* the peer is an IPv4 host behind NAT64 */
    struct ip_address own, peer;          /* the addresses of the connection */
    struct in_addr own_shown, peer_shown; /* as the program sees them */
};

/* Returns when the relay is over. Direct system calls: read, write, sendto, ppoll, shutdown, ioctl. One at a time in
   a process: its memory is static. */
void relay_pump_run(const struct relay_work *work);

#endif
