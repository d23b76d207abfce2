/*
 * A connect() that blocks, for a limited time, and what may interrupt it. Async-signal-safe; no lock.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_PATIENCE_H
#define V6SHIM_PRELOAD_CONNECT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Whether a call of ours that a signal has ended goes on, as the kernel's own would. Which handler ran can't be
 * known: it does where all that the program has ask for restart (SA_RESTART).
 */
bool patience_handlers_restart(void);

#define PATIENCE_FOREVER INT64_MAX

/*
 * connect() on the program's TCP socket, that waits no longer than the limit: then the attempt is dissolved, and the
 * result is -ETIMEDOUT. Where the program has set a shorter SO_SNDTIMEO, or asked not to be blocked, that holds, with
 * -EINPROGRESS as on one socket. 0 or -errno; errno is not kept.
 */
int patience_connect(int fd, const struct sockaddr *address, socklen_t length, int64_t limit_ms);

/*
 * Gives a socket its own SO_SNDTIMEO back where the program has left such a connect() of this thread by siglongjmp.
 * What was set is on record outside the stack, as races are (race.h). errno is not kept.
 */
void patience_end_abandoned(void);

/* In the child of a fork: forgets the calls of threads that it doesn't have. Their sockets are left alone, since the
   parent has them too. */
void patience_after_fork(void);

/* The innermost such call of this thread; 0 where there is none. */
extern __thread uint32_t patience_current __attribute__((tls_model("initial-exec")));

static inline void patience_clean_up(void)
{
    if (__builtin_expect(patience_current != 0, 0))
        patience_end_abandoned();
}

/* At the end of a thread, that may have been cancelled there: the same for all of its calls. */
void patience_abandon_all(void);

#endif
