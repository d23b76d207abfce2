/*
 * The program's own socket as an attempt of a race inside connect(): where the candidate whose turn it is can be
 * reached by that socket as it is and nothing else is under way, no other socket is needed unless it stays silent.
 *
 * The kernel's connect() is called with a limit (SO_SNDTIMEO), as preload/connect/patience.h does; what the program
 * has set there is kept in the record of the race, outside the stack. Results are 0 or -errno. Async-signal-safe; no
 * lock; errno is not kept.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_OWN_ATTEMPT_H
#define V6SHIM_PRELOAD_CONNECT_OWN_ATTEMPT_H

#include <stdatomic.h>
#include <sys/time.h>

#include "preload/connect/attempts.h"

#define OWN_ATTEMPT_FOREVER INT64_MAX

struct own_attempt {
    int fd;
    uint64_t cookie;        /* of the program's socket, so that a number which was closed meanwhile is known */
    struct timeval before;  /* the program's SO_SNDTIMEO */
    atomic_bool is_limited; /* it has ours */
    bool may_be_tried;
};

/* Reads what is to be known of the socket, with two questions to the kernel. Gives for how many milliseconds the
   program lets its connect() wait (socket(7), SO_SNDTIMEO), or OWN_ATTEMPT_FOREVER. */
int64_t own_attempt_begin(struct own_attempt *own, const struct original *original);

/* Whether the candidate can be tried on it: of IPv4 on a socket of IPv4 that isn't bound, and for which connect()
   says nothing before the peer does (TCP_FASTOPEN_CONNECT). */
bool own_attempt_can_reach(const struct own_attempt *own, const struct ip_address *candidate);

/*
 * Connects it and waits until `end_ms` at the latest (a time of clock_now_ms(), which is `now_ms` now). Cancellation
 * point; signal handlers act. 0: it is connected; -EINPROGRESS: it is on its way; -EINTR: that too, and the program
 * is to be told; -EAGAIN: the kernel lets no limit be set, and nothing was done; else the error of this attempt,
 * after which the socket is as one that was never connected.
 */
int own_attempt_connect(struct own_attempt *own, const struct ip_address *candidate, uint16_t port, int64_t now_ms,
                        int64_t end_ms);

/* Gives the socket the program's SO_SNDTIMEO back, where it has ours. */
void own_attempt_give_back(struct own_attempt *own);

/* What became of it once poll() has reported it; as own_attempt_connect(). */
int own_attempt_result(const struct own_attempt *own);

/* Ends it: the socket is as one that was never connected. */
void own_attempt_dissolve(const struct own_attempt *own);

#endif
