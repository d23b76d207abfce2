/* Moves epoll registrations from one socket to another; called by preload/socket/replace.c. */
#include "preload/socket/epoll_sets.h"

#include <errno.h>
#include <sched.h>

#include "preload/log/log.h"
#include "preload/socket/epoll_kernel.h"
#include "preload/system/real.h"

/* A registration that no hook has seen was found: from then on the record of none is believed. */
static atomic_bool some_are_unseen;

static void take_from(int epoll, int fd, const struct epoll_event *event, struct epoll_registrations *registrations)
{
    if (registrations->count == EPOLL_SETS_MOST || REAL(epoll_ctl)(epoll, EPOLL_CTL_DEL, fd, NULL) != 0)
        return;
    registrations->watches[registrations->count++] = (struct socket_watch){.epoll = epoll, .event = *event};
}

void epoll_sets_take(int fd, struct epoll_registrations *registrations)
{
    struct socket_watch watch = {.epoll = -1};
    int saved = errno;
    registrations->count = 0;
    bool known = sockets_watched(fd, &watch);
    bool single = known && !watch.several && !atomic_load(&some_are_unseen);
    if (single) {
        /* A ONESHOT that has fired is disarmed, and that only the kernel knows. A placeholder never fires. */
        if ((watch.event.events & EPOLLONESHOT) != 0 && !sockets_has(fd, SOCKET_RACING))
            epoll_kernel_read(watch.epoll, fd, &watch.event);
        take_from(watch.epoll, fd, &watch.event, registrations);
    }
    for (int epoll = single ? -1 : epoll_kernel_next(0); epoll >= 0; epoll = epoll_kernel_next(epoll + 1)) {
        struct epoll_event event = watch.event;
        if (!epoll_kernel_holds(epoll, fd, fd))
            continue;
        bool recorded = known && (watch.several || watch.epoll == epoll);
        if (!recorded)
            atomic_store(&some_are_unseen, true);
        if (epoll_kernel_read(epoll, fd, &event) || (recorded && !watch.several))
            take_from(epoll, fd, &event, registrations);
    }
    errno = saved;
}

void epoll_sets_catch_up(int fd, int old, struct epoll_registrations *registrations)
{
    struct socket_watch watch;
    for (int epoll = epoll_kernel_next(0); epoll >= 0 && registrations->count < EPOLL_SETS_MOST;
         epoll = epoll_kernel_next(epoll + 1)) {
        if (!epoll_kernel_holds(epoll, fd, old))
            continue;
        watch.epoll = epoll;
        if (epoll_kernel_read(epoll, fd, &watch.event))
            registrations->watches[registrations->count++] = watch;
        atomic_store(&some_are_unseen, true);
    }
}

/* There was room for one a moment ago, so that ENOMEM and ENOSPC pass by. */
#define ADD_TRIES 100

static void add(int epoll, int fd, struct epoll_event *event)
{
    int error = 0;
    for (int tries = 0; tries < ADD_TRIES; tries++) {
        error = REAL(epoll_ctl)(epoll, EPOLL_CTL_ADD, fd, event) == 0 ? 0 : errno;
        if (error != ENOMEM && error != ENOSPC)
            break;
        sched_yield();
    }
    if (error != 0 && error != EEXIST && error != EBADF)
        log_error(LOG_LEVEL_ERROR, "an epoll set lost a socket that was exchanged", NULL, error);
}

void epoll_sets_restore(int fd, const struct epoll_registrations *registrations)
{
    int saved = errno;
    for (unsigned i = 0; i < registrations->count; i++) {
        struct epoll_event event = registrations->watches[i].event;
        /* Armed again it would report the hang-up of a socket that isn't connected yet. It is added when the program
           arms it: the hook of epoll_ctl turns its MOD into an ADD. */
        bool disarmed = (event.events & EPOLLONESHOT) != 0 &&
                        (event.events & ~(uint32_t)(EPOLLONESHOT | EPOLLET | EPOLLWAKEUP | EPOLLERR | EPOLLHUP)) == 0;
        if (!disarmed)
            add(registrations->watches[i].epoll, fd, &event);
    }
    errno = saved;
}

static bool is_left_out(int epoll, int fd)
{
    struct socket_watch watch;
    return sockets_watched(fd, &watch) &&
           (watch.several || (watch.epoll == epoll && (watch.event.events & EPOLLONESHOT) != 0));
}

int epoll_sets_control(int epoll, int operation, int fd, struct epoll_event *event)
{
    int before = errno, result = REAL(epoll_ctl)(epoll, operation, fd, event);
    if (result != 0 && errno == ENOENT && operation != EPOLL_CTL_ADD && is_left_out(epoll, fd)) {
        errno = before;
        result = operation == EPOLL_CTL_MOD ? REAL(epoll_ctl)(epoll, EPOLL_CTL_ADD, fd, event) : 0;
    }
    if (result == 0)
        sockets_watch(fd, epoll, operation == EPOLL_CTL_DEL ? NULL : event);
    return result;
}
