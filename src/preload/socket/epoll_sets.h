/*
 * Epoll registrations of a number whose socket is exchanged. An epoll set watches the open file, not the number: the
 * old file has to be taken out before the exchange (later nothing could name it any more) and the new one put in.
 *
 * Async-signal-safe, no lock, nothing allocated.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_EPOLL_SETS_H
#define V6SHIM_PRELOAD_SOCKET_EPOLL_SETS_H

#include "preload/socket/sockets.h"

/* A socket in more sets than this keeps its first ones. */
#define EPOLL_SETS_MOST 8

struct epoll_registrations {
    unsigned count;
    struct socket_watch watches[EPOLL_SETS_MOST];
};

/*
 * Takes a number out of the sets that it is in, and remembers how it was in them. Where the program has registered it
 * by epoll_ctl() it is on record; else the kernel is asked of each set that the program uses, one call for each,
 * since the registration may have passed by us (epoll_kernel.h).
 */
void epoll_sets_take(int fd, struct epoll_registrations *registrations);

/* After the number was given to another file, with the file that went open as `old`: what was registered without a
   hook between epoll_sets_take() and then. The old registrations end with `old`. */
void epoll_sets_catch_up(int fd, int old, struct epoll_registrations *registrations);

/* Puts the number, now of another file, into the same sets. A ONESHOT that was disarmed stays disarmed. */
void epoll_sets_restore(int fd, const struct epoll_registrations *registrations);

/*
 * epoll_ctl() of a number that is on record, and the record of it; returns as that does, errno set. A ONESHOT that
 * has fired can't be moved to another file (armed again, it would report a hang-up), so it is left out of the set
 * until the program arms it; meanwhile it can be taken out again, too.
 */
int epoll_sets_control(int epoll, int operation, int fd, struct epoll_event *event);

#endif
