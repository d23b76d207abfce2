/* Waits on epoll sets that have sockets that race or need the spoof check; called by epoll_wait()'s hooks. */
#include <errno.h>

#include "preload/base/limit.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/wait.h"

#define READABLE (EPOLLIN | EPOLLRDNORM)

/* An event that may be about a number which needs the spoof check. */
struct search {
    int epoll;
    const struct epoll_event *event;
    int found;
};

static bool is_watched_as(int fd, const struct search *search, struct socket_watch *watch)
{
    return sockets_watched(fd, watch) && !watch->several && watch->epoll == search->epoll &&
           watch->event.data.u64 == search->event->data.u64;
}

static void find_number(int number, void *context)
{
    struct search *search = context;
    struct socket_watch watch;
    if (is_watched_as(number, search, &watch))
        search->found = number;
}

/* The number that needs the spoof check, of which this event is, or -1. Most programs keep the number itself with the
   event; for the others it is looked up. All numbers are gone through only where two events share a hash: that takes
   as long as the program has descriptors. */
static int number_of(int epoll, const struct epoll_event *event)
{
    struct search search = {.epoll = epoll, .event = event, .found = -1};
    struct socket_watch watch;
    int hint = sockets_watched_with(event->data.u64);
    if (hint < 0)
        return -1;
    if (is_watched_as(hint, &search, &watch))
        return wait_needs_look(hint) ? hint : -1;
    if (is_watched_as(event->data.fd, &search, &watch))
        return wait_needs_look(event->data.fd) ? event->data.fd : -1;
    sockets_each_with(SOCKET_PROVEN, find_number, &search);
    if (search.found < 0)
        sockets_each_with(SOCKET_ASKS, find_number, &search);
    return search.found;
}

/* Whether there is nothing behind an event but forged datagrams, which are thrown away. */
static bool is_for_nothing(int epoll, const struct epoll_event *event)
{
    int fd = (event->events & READABLE) != 0 && (event->events & (EPOLLERR | EPOLLHUP)) == 0 ? number_of(epoll, event)
                                                                                             : -1;
    if (fd < 0 || wait_leaves_something(fd))
        return false;
    struct socket_watch watch;
    if (sockets_watched(fd, &watch) && (watch.event.events & EPOLLONESHOT) != 0)
        REAL(epoll_ctl)(epoll, EPOLL_CTL_MOD, fd, &watch.event); /* it has fired, for nothing */
    return true;
}

static int leave_out_forged(int epoll, struct epoll_event *events, int count)
{
    int saved = errno, left = 0;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = events[i];
        if (is_for_nothing(epoll, &event))
            event.events &= ~(uint32_t)READABLE;
        if (event.events != 0)
            events[left++] = event;
    }
    errno = saved;
    return left;
}

/* A sandbox may forbid what a program without us never calls. */
static int wait_once(int epoll, struct epoll_event *events, int most, const struct timespec *time,
                     const sigset_t *mask)
{
    int count = REAL(epoll_pwait)(epoll, events, most, limit_in_milliseconds(time), mask);
    return limit_is_refused(count) && mask == NULL
               ? REAL(epoll_wait)(epoll, events, most, limit_in_milliseconds(time))
               : count;
}

int wait_epoll(int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask,
               bool in_nanoseconds)
{
    struct limit limit = limit_of(timeout);
    int count, left;
    do {
        struct timespec time = limit.forever ? (struct timespec){0} : limit_left(&limit);
        const struct timespec *rest = limit.forever ? NULL : &time;
        count = in_nanoseconds ? REAL(epoll_pwait2)(epoll, events, most, rest, mask)
                               : wait_once(epoll, events, most, rest, mask);
        left = count > 0 ? leave_out_forged(epoll, events, count) : count;
    } while (count > 0 && left == 0 && limit_has_time(&limit));
    return left;
}
