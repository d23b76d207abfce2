/*
 * Connections of FTP that are relayed (preload/relay): the program's number is a local socket, whose name says whose
 * addresses it stands for (core/relay/relay_name.h). For socket_table.c.
 */
#ifndef V6SHIM_COMMAND_DOCTOR_RELAYED_ROWS_H
#define V6SHIM_COMMAND_DOCTOR_RELAYED_ROWS_H

#include "command/doctor/socket_table.h"

/* The end of a relay, as a line of /proc/PID/net/unix has it. */
struct relayed_end {
    bool is_peer;    /* else it is the program's */
    uint64_t unique; /* the same for both ends */
    uint64_t inode;
    struct ip_address address;
    uint16_t port;
};

/* False for its head, and for all other sockets. */
bool relayed_end_parse(const char *line, struct relayed_end *end);

/* Calls `take` for each relayed connection of the namespace of this process, with the inode of the program's end. One
   whose other end isn't there, or is there twice (since anybody may give a socket such a name), is left out. */
void relayed_rows_read(pid_t pid, void (*take)(struct socket_table *, const struct socket_row *),
                       struct socket_table *table);

#endif
