/* Waits for sockets that race or need the spoof check; called by poll()'s and select()'s hooks. */
#include "preload/wait.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "preload/base/guard.h"
#include "preload/base/limit.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/datagram/messages.h"
#include "preload/resolve/resolve.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/upgrade/spoof_check.h"
#include "preload/waiting_room.h"

/* Longer lists are passed on as they are. */
#define MOST      16384u
#define READABLE  (POLLIN | POLLRDNORM)
#define WORD_BITS (8 * sizeof(unsigned long))
#define FEW       ((unsigned)FD_SETSIZE)
#define SETS      4u

#define FEW_POLLED 256u /* 2 KiB of them */
#define SLICE_MS   20

/* Words of a number of sets. On the stack for FEW descriptors: half a KiB. */
#define ROOM_FOR(count, sets) ((sets) * (count) / WORD_BITS)

static size_t bytes_of(size_t count)
{
    return (count + WORD_BITS - 1) / WORD_BITS * sizeof(unsigned long);
}

static bool bit_is_set(const void *bits, unsigned place)
{
    const unsigned long *words = bits;
    return words != NULL && (words[place / WORD_BITS] >> place % WORD_BITS & 1) != 0;
}

static void set_bit(void *bits, unsigned place)
{
    unsigned long *words = bits;
    words[place / WORD_BITS] |= 1ul << place % WORD_BITS;
}

static void clear_bit(void *bits, unsigned place)
{
    unsigned long *words = bits;
    words[place / WORD_BITS] &= ~(1ul << place % WORD_BITS);
}

void wait_prepare_polled(struct pollfd *polled, nfds_t count)
{
    if (!resolve_has_shown_alias() || count > MOST || !guard_may_act() ||
        !pointer_can_read(polled, count * sizeof *polled))
        return;
    for (nfds_t i = 0; i < count; i++)
        if (sockets_are_flagged(polled[i].fd, SOCKET_FRESH))
            messages_prepare_to_wait(polled[i].fd);
}

void wait_prepare_sets(int count, const fd_set *readable)
{
    if (!resolve_has_shown_alias() || readable == NULL || count < 0 || (unsigned)count > MOST || !guard_may_act() ||
        !pointer_can_read(readable, bytes_of(count)))
        return;
    for (unsigned fd = 0; fd < (unsigned)count; fd++)
        if (sockets_are_flagged((int)fd, SOCKET_FRESH) && bit_is_set(readable, fd))
            messages_prepare_to_wait((int)fd);
}

static inline bool nothing_concerns(void)
{
    return atomic_load_explicit(&background_count, memory_order_relaxed) == 0 && !wait_concerns_epoll();
}

bool wait_concerns_polled(struct pollfd *polled, nfds_t count)
{
    if (nothing_concerns() || count > MOST || !guard_may_act() || !pointer_can_write(polled, count * sizeof *polled))
        return false;
    for (nfds_t i = 0; i < count; i++)
        if ((background_is(polled[i].fd) && (polled[i].events & POLLOUT) == 0) ||
            ((polled[i].events & READABLE) != 0 && wait_needs_look(polled[i].fd)))
            return true;
    return false;
}

/* The sets are written too. */
static bool is_set_or_none(const fd_set *set, int count)
{
    return set == NULL || pointer_can_write(set, bytes_of(count));
}

bool wait_concerns_sets(int count, const fd_set *readable, const fd_set *writable, const fd_set *exceptional)
{
    if (nothing_concerns() || count < 0 || (unsigned)count > MOST || !guard_may_act() ||
        !is_set_or_none(readable, count) || !is_set_or_none(writable, count) || !is_set_or_none(exceptional, count))
        return false;
    for (unsigned fd = 0; fd < (unsigned)count; fd++)
        if (((bit_is_set(readable, fd) || bit_is_set(exceptional, fd)) && background_is((int)fd)) ||
            (bit_is_set(readable, fd) && wait_needs_look((int)fd)))
            return true;
    return false;
}

/* Whether a descriptor is said to be readable for datagrams alone that the program isn't to see. */
static bool is_readable_for_nothing(const struct pollfd *polled)
{
    return (polled->revents & READABLE) != 0 && (polled->revents & (POLLERR | POLLHUP)) == 0 &&
           wait_needs_look(polled->fd) && !wait_leaves_something(polled->fd);
}

/* Whether the sleep for this one would not see the race end. */
static bool needs_writing_too(const struct pollfd *polled)
{
    return background_is(polled->fd) && (polled->events & POLLOUT) == 0;
}

static int sleep_in_poll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    int ready = REAL(ppoll)(polled, count, timeout, mask);
    if (limit_is_refused(ready) && mask == NULL) /* a sandbox, in which the program itself calls poll() */
        ready = REAL(poll)(polled, count, limit_in_milliseconds(timeout));
    return ready;
}

/* The kernel clears all results where a signal ends the sleep, before the handler runs, which may jump out of it: so
   that is done in advance. What was there, and comes back where the call fails, is kept in `copy`. */
static void begin_round(struct pollfd *polled, nfds_t count, struct pollfd *copy)
{
    memcpy(copy, polled, count * sizeof *copy);
    for (nfds_t i = 0; i < count; i++) {
        polled[i].revents = 0;
        if (needs_writing_too(&copy[i]))
            copy[i].events |= POLLOUT;
    }
}

/* The results are the program's, without what it didn't ask for. How many are left. */
static int take_results(struct pollfd *polled, nfds_t count, const struct pollfd *copy)
{
    int left = 0;
    for (nfds_t i = 0; i < count; i++) {
        polled[i].revents = copy[i].revents;
        if (copy[i].events != polled[i].events)
            polled[i].revents &= (short)~POLLOUT;
        if (is_readable_for_nothing(&polled[i]))
            polled[i].revents &= (short)~READABLE;
        left += polled[i].revents != 0;
    }
    return left;
}

/* Racing numbers are asked for writing too, in a copy: a handler that jumps out of the sleep, or a cancellation,
   leaves the program's own list as the kernel would have. */
static int poll_few(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct limit limit = limit_of(timeout);
    struct pollfd copy[FEW_POLLED];
    int ready, left;
    do {
        struct timespec rest = limit.forever ? (struct timespec){0} : limit_left(&limit);
        begin_round(polled, count, copy);
        ready = left = sleep_in_poll(copy, count, limit.forever ? NULL : &rest, mask);
        int saved = errno;
        if (ready >= 0)
            left = take_results(polled, count, copy);
        for (nfds_t i = 0; ready < 0 && saved != EINTR && i < count; i++)
            polled[i].revents = copy[i].revents;
        errno = saved;
    } while (ready > 0 && left == 0 && limit_has_time(&limit));
    return left;
}

static bool needs_slices(const struct pollfd *polled, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++)
        if (needs_writing_too(&polled[i]))
            return true;
    return false;
}

static int leave_out_forged(struct pollfd *polled, nfds_t count, int ready)
{
    int saved = errno;
    for (nfds_t i = 0; ready > 0 && i < count; i++) {
        if (!is_readable_for_nothing(&polled[i]))
            continue;
        polled[i].revents &= (short)~READABLE;
        ready -= polled[i].revents == 0;
    }
    errno = saved;
    return ready;
}

/*
 * There is no room on the stack for a copy of a long list, and a mapping would be lost where a handler jumps out of
 * the sleep. So the program's own list is used as it is, and while there is a race in it that the sleep would not see
 * the end of, it is looked at again and again. Signals come in the sleeps only, or one between them would not end the
 * call.
 */
static __attribute__((noinline)) int poll_many(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                                               const sigset_t *mask)
{
    const struct timespec slice = {.tv_nsec = SLICE_MS * CLOCK_NS_PER_MS};
    struct limit limit = limit_of(timeout);
    sigset_t all, before;
    int ready, left;
    sigfillset(&all);
    pthread_testcancel(); /* what cleans up after a thread that is cancelled already may need its signals */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    do {
        struct timespec rest = limit.forever ? slice : limit_left(&limit);
        bool sliced = needs_slices(polled, count);
        if (sliced && (rest.tv_sec > 0 || rest.tv_nsec > slice.tv_nsec))
            rest = slice;
        const struct timespec *time = limit.forever && !sliced ? NULL : &rest;
        ready = REAL(ppoll)(polled, count, time, mask != NULL ? mask : &before);
        if (limit_is_refused(ready) && mask == NULL) {
            pthread_sigmask(SIG_SETMASK, &before, NULL);
            ready = REAL(poll)(polled, count, limit_in_milliseconds(time));
        }
        left = leave_out_forged(polled, count, ready);
    } while (left == 0 && limit_has_time(&limit));
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return left;
}

int wait_ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    return count > FEW_POLLED ? poll_many(polled, count, timeout, mask) : poll_few(polled, count, timeout, mask);
}

/* The fourth set is for the numbers that were added to the second one. */
static int select_round(int count, unsigned long *const sets[SETS], fd_set *const wanted[3],
                        const struct timespec *timeout, const sigset_t *mask, bool *for_us)
{
    size_t bytes = bytes_of((size_t)count);
    for (unsigned i = 0; i < SETS; i++) {
        memset(sets[i], 0, bytes);
        if (i < 3 && wanted[i] != NULL)
            memcpy(sets[i], wanted[i], bytes);
    }
    for (unsigned fd = 0; fd < (unsigned)count; fd++) {
        bool asked = bit_is_set(sets[0], fd) || bit_is_set(sets[2], fd);
        if (asked && !bit_is_set(sets[1], fd) && background_is((int)fd)) {
            set_bit(sets[1], fd);
            set_bit(sets[3], fd);
        }
    }
    int ready = REAL(pselect)(count, wanted[0] != NULL ? (fd_set *)(void *)sets[0] : NULL, (fd_set *)(void *)sets[1],
                              wanted[2] != NULL ? (fd_set *)(void *)sets[2] : NULL, timeout, mask);
    int rest = ready;
    for (size_t word = 0; ready > 0 && word < bytes / sizeof(unsigned long); word++) {
        rest -= __builtin_popcountl(sets[1][word] & sets[3][word]);
        sets[1][word] &= ~sets[3][word];
    }
    for (unsigned fd = 0; ready > 0 && wanted[0] != NULL && fd < (unsigned)count; fd++) {
        if (bit_is_set(sets[0], fd) && wait_needs_look((int)fd) && !wait_leaves_something((int)fd)) {
            clear_bit(sets[0], fd);
            rest--;
        }
    }
    *for_us = ready > 0 && rest == 0;
    return rest;
}

static int select_within(int count, fd_set *const wanted[3], const struct timespec *timeout, struct timespec *left,
                         const sigset_t *mask, unsigned long *room)
{
    struct limit limit = limit_of(timeout);
    size_t bytes = bytes_of((size_t)count), words = bytes / sizeof *room;
    unsigned long *const sets[SETS] = {room, room + words, room + 2 * words, room + 3 * words};
    bool for_us;
    int ready;
    do {
        struct timespec remaining = limit.forever ? (struct timespec){0} : limit_left(&limit);
        ready = select_round(count, sets, wanted, limit.forever ? NULL : &remaining, mask, &for_us);
    } while (for_us && limit_has_time(&limit));
    int saved = errno;
    if (ready >= 0)
        for (unsigned i = 0; i < 3; i++)
            if (wanted[i] != NULL)
                memcpy(wanted[i], sets[i], bytes);
    if (left != NULL && !limit.forever)
        *left = limit_left(&limit);
    errno = saved;
    return ready;
}

/* Without memory it is the program's own select(), which doesn't see a race end, or sees forged datagrams. */
static NOINLINE int select_many(int count, fd_set *const wanted[3], const struct timespec *timeout,
                                struct timespec *left, const sigset_t *mask)
{
    struct waiting_claim claim;
    unsigned long *room = waiting_room_take(&claim, SETS * bytes_of((size_t)count));
    if (room != NULL) {
        int ready = select_within(count, wanted, timeout, left, mask, room);
        waiting_room_give_back(&claim);
        return ready;
    }
    struct limit limit = limit_of(timeout);
    int ready = REAL(pselect)(count, wanted[0], wanted[1], wanted[2], timeout, mask);
    if (left != NULL && !limit.forever)
        *left = limit_left(&limit);
    return ready;
}

static NOINLINE int select_few(int count, fd_set *const wanted[3], const struct timespec *timeout,
                               struct timespec *left, const sigset_t *mask)
{
    unsigned long room[ROOM_FOR(FEW, SETS)];
    return select_within(count, wanted, timeout, left, mask, room);
}

int wait_pselect(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, const struct timespec *timeout,
                 struct timespec *left, const sigset_t *mask)
{
    fd_set *const wanted[3] = {readable, writable, exceptional};
    return (unsigned)count > FEW ? select_many(count, wanted, timeout, left, mask)
                                 : select_few(count, wanted, timeout, left, mask);
}
