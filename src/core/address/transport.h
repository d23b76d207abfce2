/*
 * The transports of the sockets that get an AF_INET6 twin: TCP and UDP, and what the kernel has beside them,
 * multipath TCP (RFC 8684) and UDP-Lite (RFC 3828). The twin is of the same one, or there is none.
 *
 * Pure.
 */
#ifndef V6SHIM_CORE_ADDRESS_TRANSPORT_H
#define V6SHIM_CORE_ADDRESS_TRANSPORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP /* glibc 2.32 */
#define IPPROTO_MPTCP 262
#endif

/* The protocol of a socket that was made with this type (without flags) and protocol; 0 for one of another kind. */
static inline int transport_of(int type, int protocol)
{
    if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
        return protocol != 0 ? protocol : IPPROTO_TCP;
    if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE))
        return protocol != 0 ? protocol : IPPROTO_UDP;
    return 0;
}

/* Whether it is such a socket, by what the kernel says of it (SO_PROTOCOL; -errno where it says nothing). */
static inline bool transport_is(int type, int protocol)
{
    return protocol > 0 && transport_of(type, protocol) == protocol;
}

#endif
