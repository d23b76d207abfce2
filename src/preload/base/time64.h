/*
 * Times of 64 bits beside those of 32. On ports of glibc that are older than time_t of 64 bits, a program that is
 * built with -D_TIME_BITS=64 calls functions with names of their own (__select64 for select); src/preload/time64.def
 * lists them. The library itself is always built with the old types there (preload/base/old_types.h), and what these
 * functions are called with has the types below.
 */
#ifndef V6SHIM_PRELOAD_BASE_TIME64_H
#define V6SHIM_PRELOAD_BASE_TIME64_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "preload/base/limit.h"
#include "preload/base/time64_names.h"

/* struct timespec of such a program: the nanoseconds are a long. */
struct time64_timespec {
    int64_t tv_sec;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    int32_t padding;
    int32_t tv_nsec;
#else
    int32_t tv_nsec;
    int32_t padding;
#endif
};

struct time64_timeval {
    int64_t tv_sec, tv_usec;
};

/* A time of the library's own types; one that they can't hold becomes their greatest, which is for ever (limit_of).
 */
static inline struct timespec time64_narrowed(int64_t seconds, int64_t nanoseconds)
{
    return seconds > LIMIT_MOST_S ? (struct timespec){.tv_sec = LIMIT_MOST_S}
                                  : (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
}

/*
 * A time-out of the program's, which may be NULL (for ever): *limit becomes `room`, filled with it, or NULL. False
 * where the kernel would refuse it; it is given to libc then.
 */
static inline bool time64_read_limit(const struct time64_timespec *timeout, struct timespec *room,
                                     const struct timespec **limit)
{
    *limit = timeout == NULL ? NULL : room;
    if (timeout == NULL)
        return true;
    if (!pointer_can_read(timeout, sizeof *timeout) || timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
        timeout->tv_nsec >= LIMIT_NS_PER_S)
        return false;
    *room = time64_narrowed(timeout->tv_sec, timeout->tv_nsec);
    return true;
}

#endif
