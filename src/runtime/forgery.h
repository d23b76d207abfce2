/*
 * Forged datagrams. Linux's UDP over IPv6 accepts a packet from the wire whose source is IPv4-mapped, so that a dual
 * socket would show ::ffff:127.0.0.1 from anywhere as 127.0.0.1. (TCP over IPv6 drops such packets itself.)
 *
 * A classic BPF filter of eight instructions drops them: attached before bind(), it needs no privilege and travels
 * with the socket through dup, fork and exec. Real IPv4 packets are of another protocol as the filter sees them.
 */
#ifndef V6SHIM_RUNTIME_FORGERY_H
#define V6SHIM_RUNTIME_FORGERY_H

/* 0, or -errno: then the socket must not be used for both families. Async-signal-safe. */
int forgery_filter(int socket);

#endif
