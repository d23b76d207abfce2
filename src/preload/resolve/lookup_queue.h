/*
 * Lookups that a program does not wait for: getaddrinfo_a(3). Libc does them by itself, out of our sight, so those
 * that are to be answered as getaddrinfo() is are done here: by threads of ours, a few at a time, which end when
 * there is nothing more to do. Results and states stand in the program's own struct gaicb, where gai_error() finds
 * them.
 *
 * Not async-signal-safe: allocates, makes threads. A child of fork() has none of the lookups; there, as in libc, they
 * stay in progress. errno kept.
 */
#ifndef V6SHIM_PRELOAD_RESOLVE_LOOKUP_QUEUE_H
#define V6SHIM_PRELOAD_RESOLVE_LOOKUP_QUEUE_H

#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

/* As getaddrinfo(). */
typedef int lookup_function(const char *node, const char *service, const struct addrinfo *hints,
                            struct addrinfo **result);

/*
 * As getaddrinfo_a(): GAI_WAIT returns when all are done, GAI_NOWAIT at once, and tells it by `event` (NULL: not at
 * all). 0 or an error of getaddrinfo(). False: no thread can be had, and nothing was done.
 */
bool lookup_queue_add(int mode, struct gaicb *const list[], int count, const struct sigevent *event,
                      lookup_function *look_up, int *result);

/* Whether any was ever taken: before that, requests are libc's. */
bool lookup_queue_is_used(void);

/* As gai_suspend(), for requests of ours and of libc's. */
int lookup_queue_wait(const struct gaicb *const list[], int count, const struct timespec *limit);

/* As gai_cancel(); a cancelled request counts as done. False: none of ours is meant (NULL is all of them). */
bool lookup_queue_cancel(struct gaicb *request, int *result);

void lookup_queue_after_fork(void);

#endif
