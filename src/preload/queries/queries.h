/*
 * Programs that ask name servers by themselves, over UDP: a question for a name's A records goes out with one for its
 * AAAA records before it, from the same socket to the same server, and the program gets the answer with the aliases
 * of the IPv6 addresses behind the IPv4 ones. A question for the name of an alias asks for that of its IPv6 address.
 *
 * The answer to our question is recognised by its source, id and question, as the program recognises its own, and the
 * program doesn't see it. An answer without A records waits for ours, at most `resolution-delay`, on a socket that
 * doesn't block too: kept for a later call, it would be lost to a program that waits in epoll for what is here
 * already. One with A records waits only where the program does.
 *
 * Only for programs that don't speak IPv6 (preload/resolve/aware.h), and not inside lookups of libc. The functions
 * that send and receive behave as sendmsg() and recvmsg(), errno included; no lock is held while waiting.
 * Async-signal-safe, but that what is remembered of a name is allocated where no signal handler can be the caller.
 */
#ifndef V6SHIM_PRELOAD_QUERIES_QUERIES_H
#define V6SHIM_PRELOAD_QUERIES_QUERIES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "preload/queries/pending.h"
#include "preload/socket/sockets.h"

#define QUERIES_PORT 53

/* Whether anything is to be done about the program's questions at all; and that it has asked for AAAA records itself,
   so that nothing is from now on. */
bool queries_are_wanted(void);
void queries_note_aaaa(void);

/* The program connects the socket to this address. */
void queries_note_peer(int fd, const struct sockaddr_in *peer);

/* Whether what is sent there may be a question: `destination` NULL is the socket's peer. */
static inline bool queries_may_begin(int fd, const struct sockaddr_in *destination)
{
    return destination != NULL ? destination->sin_port == htons(QUERIES_PORT)
                               : sockets_are_flagged(fd, SOCKET_TO_NAME_SERVER);
}

/* sendmsg() of what may be one. */
ssize_t queries_send(int fd, const struct msghdr *message, int flags);

/* Whether an answer may come to the socket: a few loads, where it has never asked anything. */
static inline bool queries_may_end(int fd)
{
    return sockets_are_flagged(fd, SOCKET_ASKS);
}
bool queries_are_awaited(int fd, int flags);

/* recvmsg() where they are. `caller`: see preload/peers/view.h. */
ssize_t queries_receive(int fd, struct msghdr *message, int flags, const void *caller);
/* recv() and recvfrom(); `address` may be NULL. */
ssize_t queries_receive_from(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length,
                             const void *caller);

/* Of such a socket, which is said to be readable: whether the program would find anything there. Answers that it
   isn't to see are taken. */
bool queries_leave_something(int fd);

#endif
