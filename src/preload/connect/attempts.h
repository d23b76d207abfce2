/*
 * One attempt of a race: a socket like the program's, for one candidate, connecting without blocking.
 *
 * Async-signal-safe. Sockets are moved to high numbers at once, so that the program finds the lowest number free
 * when it makes a descriptor of its own.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_ATTEMPTS_H
#define V6SHIM_PRELOAD_CONNECT_ATTEMPTS_H

#include "core/address/address.h"
#include "preload/socket/sockets.h"

/* The program's socket, TCP and in state CLOSE, as its attempts have to know it. */
struct original {
    int fd;
    struct socket_record *record; /* may be NULL */
    sa_family_t family;           /* of the socket that stands under `fd` now */
    struct ip_address address;    /* what the program has bound it to; unspecified: any */
    uint16_t port;                /* 0: to none; one that the kernel chose for a connect() is none */
};

/* Reads it; false where the kernel doesn't tell, or another process has the socket too (holders.h). A port that is
   left of an earlier attempt counts as bound: that can't be told, and does no harm. `as_made`: the kernel has just
   said that it is bound to nothing (upgrade_is_as_made). */
bool attempts_read_original(int fd, bool as_made, struct original *original);

/* Whether a socket that is bound like this can get to the candidate. */
bool attempts_may_reach(const struct original *original, const struct ip_address *candidate);

/* Starts to connect a socket that attempts_make() has made. 0: it is connected; -EINPROGRESS; else -errno. */
int attempts_connect(int socket, const struct ip_address *candidate, uint16_t port);

/* What became of an attempt that poll() reported: 0 connected, -EINPROGRESS still under way, else -errno. */
int attempts_result(int socket);

/*
 * A TCP socket like the program's, of that family, not blocking, at a high number. Or -errno; -ENOTSUP where it can't
 * have the original's port. One that has it needs SO_REUSEPORT as long as others are to share the port;
 * attempts_commit() then sets what the original has.
 */
int attempts_make(const struct original *original, sa_family_t family);
void attempts_commit(const struct original *original, int socket);

#endif
