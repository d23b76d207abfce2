/*
 * poll() and select() while races run in the background. A thread that sleeps for reading only would sleep on the
 * placeholder for ever; so racing numbers are watched for writing as well, which the winner is at once, and the call
 * is made again with the time that remains.
 *
 * Async-signal-safe; as the calls whose names they carry, errno included.
 */
#ifndef V6SHIM_RUNTIME_WAITING_H
#define V6SHIM_RUNTIME_WAITING_H

#include <poll.h>
#include <stdbool.h>
#include <sys/select.h>

/* Before waiting: what the program will wait for is made ready for it, see messages_prepare_to_wait(). Does nothing
   in a process that has not been given an alias. */
void waiting_prepare_polled(struct pollfd *polled, nfds_t count);
void waiting_prepare_sets(int count, const fd_set *readable);

/* Whether any of them is racing: if not, the real functions will do. */
bool waiting_concerns_polled(struct pollfd *polled, nfds_t count);
bool waiting_concerns_sets(int count, const fd_set *readable, const fd_set *exceptional);

int waiting_ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

/* `left` (may be NULL) gets the time that remains, as Linux's select() gives it. */
int waiting_pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                    const struct timespec *timeout, struct timespec *left, const sigset_t *mask);

#endif
