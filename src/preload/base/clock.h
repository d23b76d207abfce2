/*
 * Time that only goes forward, and the calendar, which jumps. Asked of the kernel directly: preloads that change a
 * program's idea of time (libfaketime) interpose clock_gettime(), and would stretch our delays. Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_BASE_CLOCK_H
#define V6SHIM_PRELOAD_BASE_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_MS_PER_S  1000
#define CLOCK_NS_PER_MS 1000000
#define CLOCK_US_PER_MS 1000
#define CLOCK_US_PER_S  1000000
#define CLOCK_NS_PER_US 1000

static inline int64_t clock_now_ms(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_MS_PER_S + now.tv_nsec / CLOCK_NS_PER_MS;
}

static inline int64_t clock_now_us(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * CLOCK_US_PER_S + now.tv_nsec / CLOCK_NS_PER_US;
}

/* Of the calendar, for what other processes read later (state files): seconds since 1970. */
static inline int64_t clock_calendar_s(void)
{
    struct timespec now = {0};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return now.tv_sec;
}

#endif
