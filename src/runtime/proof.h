/*
 * Forged datagrams. Linux's UDP over IPv6 accepts a packet from the wire whose source is IPv4-mapped, so that a
 * socket of both families would show ::ffff:127.0.0.1 from anywhere as 127.0.0.1. (TCP over IPv6 drops such packets
 * itself.)
 *
 * With IP_PKTINFO set, the kernel adds that control message to IPv4 packets only. A datagram from an IPv4-mapped
 * source without it is a forged IPv6 packet, also where it had arrived before IP_PKTINFO was set.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_RUNTIME_PROOF_H
#define V6SHIM_RUNTIME_PROOF_H

#include <stdbool.h>
#include <sys/socket.h>

/* Room for the control messages of a datagram, where the program has asked for none. */
#define PROOF_CONTROL_SIZE 256

/*
 * Whether what is received here needs proof; it can be had from then on. A descriptor that we have not seen before is
 * looked at once (four system calls). `room` and `caller` as in view.h.
 */
bool proof_is_needed(int fd, socklen_t room, const void *caller);

/* A UDP socket of ours is one of both families from now on. */
void proof_begin(int fd);

/*
 * The program sets IP_PKTINFO on a socket that needs it for the proof: what it wants is noted. False for other
 * sockets.
 */
bool proof_takes_option(int fd, const void *value, socklen_t length);

/* Whether the program wants to see IP_PKTINFO. */
bool proof_is_visible(int fd);

/*
 * After a reception: whether it is forged. `native` has what the kernel gave. A forged one is taken out of the queue,
 * where MSG_PEEK has left it in: receive again.
 */
bool proof_fails(int fd, const struct msghdr *native, int flags);

/* recvfrom() on such a socket, with room for the whole address. */
ssize_t proof_receive(int fd, void *data, size_t size, int flags, struct sockaddr_storage *source,
                      socklen_t *source_length);

#endif
