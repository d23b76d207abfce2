/*
 * The TCP and UDP sockets of a network namespace, as the kernel lists them: /proc/PID/net/tcp, tcp6, udp, udp6 (their
 * columns are in Linux's Documentation/networking/proc_net_tcp.rst).
 */
#ifndef V6SHIM_COMMAND_DOCTOR_SOCKET_TABLE_H
#define V6SHIM_COMMAND_DOCTOR_SOCKET_TABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/address/address.h"

#define SOCKET_TABLE_NAMESPACE_SIZE 64

struct socket_row {
    uint64_t inode;
    bool is_udp;
    bool is_relayed; /* TCP whose program has a local socket in its place, see relayed_rows.h */
    int state;       /* TCP_LISTEN, TCP_ESTABLISHED, ...; of UDP TCP_ESTABLISHED where it is connected */
    struct ip_address local, peer;
    uint16_t local_port, peer_port;
};

/* All zero at first. */
struct socket_table {
    char network[SOCKET_TABLE_NAMESPACE_SIZE]; /* whose sockets these are, as readlink() has it */
    struct socket_row *rows;                   /* by inode */
    size_t count, room;
};

/* Reads the sockets of the namespace of this process, unless they were read last time. */
void socket_table_load(struct socket_table *table, pid_t pid);

/* The socket of this inode, NULL where it is of another family or protocol. */
const struct socket_row *socket_table_find(const struct socket_table *table, uint64_t inode);

/* What the state of a row is called: "listening", "connected", "open" (UDP), "relayed", else "closing" and the like.
 */
const char *socket_row_state(const struct socket_row *row);

void socket_table_free(struct socket_table *table);

/*
 * Reads one line of such a file; `is_ipv6` says which kind. False for its head and for what is no such line. For
 * socket_table.c and its test.
 */
bool socket_row_parse(const char *line, bool is_ipv6, struct socket_row *row);

#endif
