/*
 * Time that only goes forward, and the calendar, which jumps. Asked of the kernel directly: preloads that change a
 * program's idea of time (libfaketime) interpose clock_gettime(), and would stretch our delays. Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_BASE_CLOCK_H
#define V6SHIM_PRELOAD_BASE_CLOCK_H

#include <errno.h>
#include <linux/posix_types.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_MS_PER_S  1000
#define CLOCK_NS_PER_MS 1000000
#define CLOCK_US_PER_MS 1000
#define CLOCK_US_PER_S  1000000
#define CLOCK_NS_PER_US 1000

/* What the system calls take, whichever time_t libc has. */
struct clock_time {
#ifdef SYS_clock_gettime
    __kernel_long_t seconds, nanoseconds;
#else
    int64_t seconds, nanoseconds;
#define SYS_clock_gettime SYS_clock_gettime64
#endif
};

static inline int64_t clock_now_ms(void)
{
    struct clock_time now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.seconds * CLOCK_MS_PER_S + now.nanoseconds / CLOCK_NS_PER_MS;
}

static inline int64_t clock_now_us(void)
{
    struct clock_time now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.seconds * CLOCK_US_PER_S + now.nanoseconds / CLOCK_NS_PER_US;
}

/* Of the calendar, for what other processes read later (state files): seconds since 1970. On a machine of 32 bits the
   old call counts to the year 2038 only; kernels before 5.1 have no other. */
static inline int64_t clock_calendar_s(void)
{
    struct clock_time now = {0};
#ifdef SYS_clock_gettime64
    struct {
        int64_t seconds, nanoseconds;
    } wide = {0};
    int saved = errno;
    if (syscall(SYS_clock_gettime64, CLOCK_REALTIME, &wide) == 0)
        return wide.seconds;
    errno = saved;
#endif
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.seconds;
}

#endif
