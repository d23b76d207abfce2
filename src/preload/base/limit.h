/* A time-out that is cut into several calls. Async-signal-safe. */
#ifndef V6SHIM_PRELOAD_BASE_LIMIT_H
#define V6SHIM_PRELOAD_BASE_LIMIT_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/base/pointer.h"

#define LIMIT_NS_PER_S (CLOCK_NS_PER_MS * CLOCK_MS_PER_S)

/* The greatest time_t, which has 32 bits on i386. */
#define LIMIT_MOST_S ((time_t)(UINT64_MAX >> (64 - 8 * sizeof(time_t) + 1)))

struct limit {
    bool forever;
    struct timespec end;
};

static inline struct timespec limit_now(void)
{
    struct timespec time = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
    return time;
}

/* Whether the kernel takes it for a time-out. NULL is for ever. */
static inline bool limit_is_valid(const struct timespec *timeout)
{
    return timeout == NULL || (pointer_can_read(timeout, sizeof *timeout) && timeout->tv_sec >= 0 &&
                               timeout->tv_nsec >= 0 && timeout->tv_nsec < LIMIT_NS_PER_S);
}

static inline struct limit limit_of(const struct timespec *timeout)
{
    struct limit limit = {.forever = timeout == NULL};
    if (timeout != NULL) {
        limit.end = limit_now();
        /* A time beyond what can be counted has no end. */
        limit.forever = __builtin_add_overflow(limit.end.tv_sec, timeout->tv_sec, &limit.end.tv_sec) ||
                        limit.end.tv_sec == LIMIT_MOST_S;
        limit.end.tv_nsec += timeout->tv_nsec;
        if (limit.end.tv_nsec >= LIMIT_NS_PER_S) {
            limit.end.tv_nsec -= LIMIT_NS_PER_S;
            limit.end.tv_sec++;
        }
    }
    return limit;
}

/* What is left of one that has an end; nothing after it. */
static inline struct timespec limit_left(const struct limit *limit)
{
    struct timespec time = limit_now();
    struct timespec left = {.tv_sec = limit->end.tv_sec - time.tv_sec, .tv_nsec = limit->end.tv_nsec - time.tv_nsec};
    if (left.tv_nsec < 0) {
        left.tv_nsec += LIMIT_NS_PER_S;
        left.tv_sec--;
    }
    return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* As many milliseconds as are needed for all of it; -1 is for ever. */
static inline int limit_in_milliseconds(const struct timespec *time)
{
    if (time == NULL)
        return -1;
    if (time->tv_sec >= INT_MAX / CLOCK_MS_PER_S)
        return INT_MAX;
    return (int)(time->tv_sec * CLOCK_MS_PER_S + (time->tv_nsec + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS);
}

/* Whether the kernel, or a sandbox, lets nobody make this call. */
static inline bool limit_is_refused(int result)
{
    return result < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
}

/* Whether another round may be made: not beyond the program's own time. */
static inline bool limit_has_time(const struct limit *limit)
{
    if (limit->forever)
        return true;
    struct timespec left = limit_left(limit);
    return left.tv_sec > 0 || left.tv_nsec > 0;
}

#endif
