/*
 * Who else has a socket: children and parents, by fork(); other processes, by SCM_RIGHTS. Another socket under the
 * numbers of this process would not be theirs, and what the program does to its own (bind, connect) they would not
 * see. So a socket that several processes hold is never exchanged: it stays the kernel's AF_INET socket.
 *
 * Where neither a fork nor a message can have shared a socket, that is known without a system call. Else /proc is
 * searched for it, of all processes that this one may look at.
 *
 * Async-signal-safe, no lock; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_HOLDERS_H
#define V6SHIM_PRELOAD_SOCKET_HOLDERS_H

#include <stdbool.h>

/*
 * Whether another process holds the socket, or may hold it: where it was sent to one; where /proc can't be read, or
 * has too many descriptors; where the parent that had it before the fork can't be looked at; where it was made by
 * another user, whose processes can't be. What was found is believed for a second.
 */
bool holders_include_others(int fd);

/* The descriptor is being sent to another process. While it is on its way nobody is seen to hold it, so that it
   counts as shared from then on. */
void holders_note_sent(int fd);

/* A child was made that has all sockets too, by whatever call. */
void holders_note_child(void);
/* Around a fork: until the child is counted, other threads have to reckon with it. */
void holders_before_fork(void);
void holders_after_fork_in_parent(void);
/* In the child, where it has memory of its own. */
void holders_after_fork(void);

#endif
