/*
 * Happy Eyeballs (RFC 8305) for a program that asked to connect one blocking socket: drives core/eyeballs with real
 * sockets, inside connect() and in the calling thread.
 *
 * Async-signal-safe. The sockets of a race are kept on record outside the stack: where the program leaves connect()
 * by siglongjmp, or its thread is cancelled, they are closed by the thread's next hook, or at its end. The thread can
 * be cancelled while it sleeps, and not between.
 */
#ifndef V6SHIM_RUNTIME_RACE_H
#define V6SHIM_RUNTIME_RACE_H

#include "runtime/attempts.h"
#include "runtime/destinations.h"

/*
 * Races the candidates and puts the winner under the original's number. 0; -EINTR, or -EINPROGRESS after SO_SNDTIMEO,
 * with one attempt under the number, to IPv4 if the name has it, where it goes on as any connection of one socket
 * would; else the most telling error of all, and the program's socket is as it was. -EAGAIN: the race could not be
 * had, or not be carried to its end (no descriptors, options that can't be carried over, a sandbox): try them in
 * order, IPv4 first.
 */
int race_run(const struct original *original, const struct destinations *destinations, uint16_t port);

/*
 * shutdown() of a socket whose connect() another thread is waiting for: that ends with ECONNRESET, as on one socket.
 * False where it isn't raced. `race_running`: how many are, in this process.
 */
bool race_shut_down(int fd);
extern _Atomic unsigned race_running;

/* The innermost race of this thread; 0 where there is none. */
extern __thread uint32_t race_current __attribute__((tls_model("initial-exec")));
/* Closes what a race of this thread has left that was abandoned by siglongjmp. */
void race_clean_up(void);

/* At the end of a thread: the same for all of its races. */
void race_abandon_all(void);

/* In the child of a fork: the races of other threads are not its own. */
void race_after_fork(void);

#endif
