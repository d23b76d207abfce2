#include "runtime/patience.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "runtime/clock.h"
#include "runtime/kernel.h"
#include "runtime/real.h"

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

struct time_before {
    int fd;
    struct timeval limit;
};

static void restore_limit(void *data)
{
    const struct time_before *before = data;
    REAL(setsockopt)(before->fd, SOL_SOCKET, SO_SNDTIMEO, &before->limit, sizeof before->limit);
}

int patience_connect(int fd, const struct sockaddr *address, socklen_t length, int64_t limit_ms)
{
    struct time_before before = {.fd = fd};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    socklen_t size = sizeof before.limit;
    int result;
    if (limit_ms == PATIENCE_FOREVER || kernel_is_nonblocking(fd) ||
        REAL(getsockopt)(fd, SOL_SOCKET, SO_SNDTIMEO, &before.limit, &size) != 0 ||
        is_shorter(&before.limit, limit_ms))
        return REAL(connect)(fd, address, length) == 0 ? 0 : -errno;
    pthread_cleanup_push(restore_limit, &before);
    result = wait_for_connection(fd, address, length, limit_ms);
    pthread_cleanup_pop(1);
    if (result != -EINPROGRESS && result != -EALREADY)
        return result;
    REAL(connect)(fd, &nowhere, sizeof nowhere);
    return -ETIMEDOUT;
}
