/* Limits the time of a connect() that blocks; called by preload/connect/connection.c. */
#include "preload/connect/patience.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/guard.h"
#include "preload/base/pool.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/thread/thread_end.h"

bool patience_handlers_restart(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
            (action.sa_flags & SA_RESTART) == 0)
            return false;
    }
    return true;
}

/* socket(7): no time at all means for ever. */
static bool is_shorter(const struct timeval *time, int64_t limit_ms)
{
    return (time->tv_sec != 0 || time->tv_usec != 0) &&
           (int64_t)time->tv_sec * CLOCK_MS_PER_S + time->tv_usec / CLOCK_US_PER_MS <= limit_ms;
}

/* With a limit the kernel lets every signal end connect(). An attempt that goes on is waited for by another call,
   which says EALREADY where the time ends. */
static int wait_for_connection(int fd, const struct sockaddr *address, socklen_t length, int64_t limit_ms)
{
    int64_t end_ms = clock_now_ms() + limit_ms;
    for (;;) {
        int64_t left_ms = end_ms - clock_now_ms();
        if (left_ms <= 0)
            left_ms = 1;
        struct timeval limit = {.tv_sec = left_ms / CLOCK_MS_PER_S,
                                .tv_usec = left_ms % CLOCK_MS_PER_S * CLOCK_US_PER_MS};
        if (REAL(setsockopt)(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
            return -errno;
        int result = REAL(connect)(fd, address, length) == 0 ? 0 : -errno;
        if (result != -EINTR || !patience_handlers_restart())
            return result;
    }
}

/* A limit that is set on the program's socket. Not on the stack: see patience_end_abandoned. */
struct patience {
    _Atomic uint32_t next_free; /* the pool's */
    uint32_t outer;             /* that of this thread which a signal handler has interrupted */
    _Atomic uintptr_t frame;    /* of the connect() that set it; 0: the record is free */
    int fd;
    uint64_t cookie; /* so that a number which was closed meanwhile is known */
    struct timeval before;
};

static void *_Atomic chunks[POOL_CHUNKS];
static struct pool limits = {.item_size = sizeof(struct patience), .chunks = chunks};
__thread uint32_t patience_current __attribute__((tls_model("initial-exec")));

/*
 * Signals wait while a record is neither there nor away: a handler in between that connects would take it for one
 * that was left behind, and the child of one that forks for another thread's, and give it back under the hands of
 * this call.
 */
static bool begin(int fd, const struct timeval *before, uintptr_t frame)
{
    struct critical_section section;
    thread_end_watch(THREAD_END_MAYBE_HANDLER); /* which takes blocked signals for a handler's */
    critical_section_enter(&section);
    uint32_t item = pool_take(&limits);
    if (item != 0) {
        struct patience *patience = pool_at(&limits, item);
        patience->outer = patience_current;
        patience->fd = fd;
        patience->cookie = kernel_socket_cookie(fd);
        patience->before = *before;
        atomic_store(&patience->frame, frame);
        patience_current = item;
    }
    critical_section_leave(&section);
    return item != 0;
}

static void give_back(uint32_t item)
{
    struct patience *patience = pool_at(&limits, item);
    atomic_store(&patience->frame, 0);
    pool_give(&limits, item);
}

static void end(void)
{
    struct critical_section section;
    critical_section_enter(&section);
    uint32_t item = patience_current;
    const struct patience *patience = pool_at(&limits, item);
    if (kernel_socket_cookie(patience->fd) == patience->cookie)
        REAL(setsockopt)(patience->fd, SOL_SOCKET, SO_SNDTIMEO, &patience->before, sizeof patience->before);
    patience_current = patience->outer;
    give_back(item);
    critical_section_leave(&section);
}

static bool is_own(uint32_t item)
{
    uint32_t own = patience_current;
    while (own != 0 && own != item)
        own = ((const struct patience *)pool_at(&limits, own))->outer;
    return own != 0;
}

void patience_after_fork(void)
{
    uint32_t last = atomic_load(&limits.taken);
    for (uint32_t item = 1; item <= last; item++) {
        const struct patience *patience = pool_at(&limits, item);
        if (atomic_load(&patience->frame) != 0 && !is_own(item))
            give_back(item);
    }
}

void patience_abandon_all(void)
{
    while (patience_current != 0)
        end();
}

void patience_end_abandoned(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct critical_section section;
    critical_section_enter(&section);
    while (patience_current != 0 &&
           atomic_load(&((const struct patience *)pool_at(&limits, patience_current))->frame) < here &&
           !guard_on_signal_stack())
        end();
    critical_section_leave(&section);
}

int patience_connect(int fd, const struct sockaddr *address, socklen_t length, int64_t limit_ms)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    struct timeval before;
    socklen_t size = sizeof before;
    if (limit_ms == PATIENCE_FOREVER || kernel_is_nonblocking(fd) ||
        REAL(getsockopt)(fd, SOL_SOCKET, SO_SNDTIMEO, &before, &size) != 0 || is_shorter(&before, limit_ms) ||
        !begin(fd, &before, (uintptr_t)__builtin_frame_address(0)))
        return REAL(connect)(fd, address, length) == 0 ? 0 : -errno;
    int result = wait_for_connection(fd, address, length, limit_ms);
    end();
    if (result != -EINPROGRESS && result != -EALREADY)
        return result;
    REAL(connect)(fd, &nowhere, sizeof nowhere);
    return -ETIMEDOUT;
}
