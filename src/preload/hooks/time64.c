/*
 * The names that functions have in programs with a time_t of 64 bits (time64.def): as those of the same functions in
 * wait.c, receive.c and asynchronous.c, with other times.
 */
#include "preload/system/time64.h"

#if TIME64_NAMES
#include "preload/base/hook.h"
#include "preload/datagram/timestamps.h"
#include "preload/hooks/plain_wait.h"
#include "preload/hooks/receive.h"
#include "preload/resolve/lookup_queue.h"
#include "preload/socket/epoll_kernel.h"

#define TIME64(type, name, parameters, twin) EXPORT type name parameters;
#include "preload/time64.def"
#undef TIME64

static NOINLINE int ppoll_slow(struct pollfd *polled, nfds_t count, const struct time64_timespec *timeout,
                               const sigset_t *mask)
{
    struct timespec room;
    const struct timespec *limit;
    wait_prepare_polled(polled, count);
    return wait_concerns_polled(polled, count) && time64_read_limit(timeout, &room, &limit)
               ? wait_ppoll(polled, count, limit, mask)
               : REAL_TIME64(__ppoll64)(polled, count, timeout, mask);
}

int __ppoll64(struct pollfd *polled, nfds_t count, const struct time64_timespec *timeout, const sigset_t *mask)
{
    return is_plain_wait() ? REAL_TIME64(__ppoll64)(polled, count, timeout, mask)
                           : ppoll_slow(polled, count, timeout, mask);
}

int __ppoll64_chk(struct pollfd *polled, nfds_t count, const struct time64_timespec *timeout, const sigset_t *mask,
                  size_t size)
{
    /* A count beyond the array is libc's to punish. */
    return size / sizeof *polled < count || is_plain_wait()
               ? REAL_TIME64(__ppoll64_chk)(polled, count, timeout, mask, size)
               : ppoll_slow(polled, count, timeout, mask);
}

/* Seconds that don't fit here are more than anybody waits: they stay as they are. */
static NOINLINE int select_slow(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                                struct time64_timeval *timeout)
{
    struct timespec left = {0};
    wait_prepare_sets(count, readable);
    /* What the kernel would refuse, it is given to refuse. */
    if (!wait_concerns_sets(count, readable, writable, exceptional) ||
        (timeout != NULL &&
         (!pointer_can_read(timeout, sizeof *timeout) || timeout->tv_sec < 0 || timeout->tv_usec < 0)))
        return REAL_TIME64(__select64)(count, readable, writable, exceptional, timeout);
    int64_t seconds = timeout == NULL || timeout->tv_sec > LIMIT_MOST_S
                          ? LIMIT_MOST_S
                          : timeout->tv_sec + timeout->tv_usec / CLOCK_US_PER_S;
    if (seconds >= LIMIT_MOST_S)
        return wait_pselect(count, readable, writable, exceptional, NULL, NULL, NULL);
    struct timespec limit = time64_narrowed(seconds, timeout->tv_usec % CLOCK_US_PER_S * CLOCK_NS_PER_US);
    int ready = wait_pselect(count, readable, writable, exceptional, &limit, &left, NULL);
    if (pointer_can_write(timeout, sizeof *timeout)) { /* a constant stays as it is, as the kernel has it */
        timeout->tv_sec = left.tv_sec;
        timeout->tv_usec = left.tv_nsec / CLOCK_NS_PER_US;
    }
    return ready;
}

int __select64(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, struct time64_timeval *timeout)
{
    return is_plain_wait() ? REAL_TIME64(__select64)(count, readable, writable, exceptional, timeout)
                           : select_slow(count, readable, writable, exceptional, timeout);
}

static NOINLINE int pselect_slow(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                                 const struct time64_timespec *timeout, const sigset_t *mask)
{
    struct timespec room;
    const struct timespec *limit;
    wait_prepare_sets(count, readable);
    return wait_concerns_sets(count, readable, writable, exceptional) && time64_read_limit(timeout, &room, &limit)
               ? wait_pselect(count, readable, writable, exceptional, limit, NULL, mask)
               : REAL_TIME64(__pselect64)(count, readable, writable, exceptional, timeout, mask);
}

int __pselect64(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
                const struct time64_timespec *timeout, const sigset_t *mask)
{
    return is_plain_wait() ? REAL_TIME64(__pselect64)(count, readable, writable, exceptional, timeout, mask)
                           : pselect_slow(count, readable, writable, exceptional, timeout, mask);
}

int __epoll_pwait2_time64(int epoll, struct epoll_event *events, int most, const struct time64_timespec *timeout,
                          const sigset_t *mask)
{
    struct timespec room;
    const struct timespec *limit;
    epoll_kernel_note(epoll);
    return wait_concerns_epoll() && time64_read_limit(timeout, &room, &limit) && guard_may_act()
               ? wait_epoll(epoll, events, most, limit, mask, true)
               : REAL_TIME64(__epoll_pwait2_time64)(epoll, events, most, timeout, mask);
}

int __gai_suspend_time64(const struct gaicb *const list[], int count, const struct time64_timespec *limit)
{
    struct timespec room;
    const struct timespec *narrow;
    return lookup_queue_is_used() && time64_read_limit(limit, &room, &narrow)
               ? lookup_queue_wait(list, count, narrow)
               : REAL_TIME64(__gai_suspend_time64)(list, count, limit);
}

static NOINLINE ssize_t receive_message_slow(int fd, struct msghdr *message, int flags, const void *caller)
{
    size_t room = pointer_can_read(message, sizeof *message) ? message->msg_controllen : 0;
    ssize_t received = receive_message(fd, message, flags, caller);
    if (received >= 0 && room > 0)
        timestamps_add_time64(message, room);
    return received;
}

ssize_t __recvmsg64(int fd, struct msghdr *message, int flags)
{
    return way_of(fd, true) == LEFT_ALONE ? receive_note_plain(message, REAL_TIME64(__recvmsg64)(fd, message, flags))
                                          : receive_message_slow(fd, message, flags, CALLER);
}

/* The sizes of all lists would have to be kept: more than these are never looked at for times of 32 bits. */
#define ROOMS 64u

static NOINLINE int receive_messages_slow(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                          struct time64_timespec *timeout, const void *caller)
{
    struct timespec room = {0};
    const struct timespec *limit;
    if (!time64_read_limit(timeout, &room, &limit))
        return REAL_TIME64(__recvmmsg64)(fd, messages, count, flags, timeout);
    socklen_t rooms[ROOMS];
    unsigned known = 0;
    while (known < count && known < ROOMS && pointer_can_read(&messages[known], sizeof messages[known])) {
        rooms[known] = (socklen_t)messages[known].msg_hdr.msg_controllen;
        known++;
    }
    int received = receive_messages(fd, messages, count, flags, limit == NULL ? NULL : &room, caller);
    for (unsigned i = 0; received > 0 && i < (unsigned)received && i < known; i++)
        if (rooms[i] > 0)
            timestamps_add_time64(&messages[i].msg_hdr, rooms[i]);
    if (received >= 0 && timeout != NULL && !pointer_can_write(timeout, sizeof *timeout)) {
        errno = EFAULT; /* as the kernel says it, with all of them received */
        return -1;
    }
    if (received >= 0 && timeout != NULL && timeout->tv_sec <= LIMIT_MOST_S) {
        timeout->tv_sec = room.tv_sec;
        timeout->tv_nsec = (int32_t)room.tv_nsec;
    }
    return received;
}

int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags, struct time64_timespec *timeout)
{
    return way_of(fd, true) == LEFT_ALONE
               ? receive_note_all_plain(messages, REAL_TIME64(__recvmmsg64)(fd, messages, count, flags, timeout))
               : receive_messages_slow(fd, messages, count, flags, timeout, CALLER);
}
#endif
