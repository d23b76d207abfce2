/* Races in the background, and fork(). */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "preload/connect/background_race.h"
#include "preload/connect/race_thread.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

/* Files and epoll sets are shared with the parent, whose race goes on: nothing is shut down or taken out of a set,
   only the child's own numbers change. */
static void collapse_in_child(struct background *race)
{
    int successor = eyeballs_successor(&race->eyeballs);
    struct attempt_slot *slot = successor >= 0 ? background_slot_of(race, successor) : NULL;
    struct socket_record *record = sockets_find(race->fd);
    if (slot == NULL)
        slot = background_leading_slot(race);
    if (slot != NULL && race->placeholder != 0 && kernel_socket_cookie(race->fd) == race->placeholder) {
        int flags = REAL(fcntl)(race->fd, F_GETFD);
        REAL(dup3)(slot->socket, race->fd, flags >= 0 && (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
        sockets_note_family(record, slot->family);
        if (race->awaits != BACKGROUND_AWAITS_NOTHING)
            sockets_fail(record, ENETUNREACH);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        background_close_slot(&race->slots[i]);
    if (background_peer_is_ours(race))
        REAL(close)(race->peer);
    relay_close_pair(&race->relay);
    sockets_clear(record, SOCKET_RACING);
}

/* Each thread that forks has its own: how many races it has locked, its signal mask (the kernel's 64 signals) and its
   cancellation. A race that starts meanwhile is beyond them, and is not in the child. */
static __thread uint32_t locked_for_fork __attribute__((tls_model("initial-exec")));
static __thread uint64_t mask_before_fork __attribute__((tls_model("initial-exec")));
static __thread int cancellation_before_fork __attribute__((tls_model("initial-exec")));

static void restore_mask(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    memcpy(&mask, &mask_before_fork, sizeof mask_before_fork);
    pthread_setcancelstate(cancellation_before_fork, NULL);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* The child goes on with one attempt alone (collapse_in_child), on a socket that it shares with its parent: one to
   IPv4, if the name has any, has to be under way by then. */
static void hasten(uint32_t item)
{
    struct background *race = background_at(item);
    sigset_t before;
    background_lock(race, &before);
    if (background_is_on(race) && race->awaits == BACKGROUND_AWAITS_NOTHING && !race->is_stuck)
        background_slot_to_keep(race, item);
}

void background_before_fork(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation_before_fork);
    memcpy(&mask_before_fork, &before, sizeof mask_before_fork);
    locked_for_fork = atomic_load(&background_races.taken);
    for (uint32_t item = 1; item <= locked_for_fork; item++)
        hasten(item);
}

void background_after_fork_in_parent(void)
{
    for (uint32_t item = 1; item <= locked_for_fork; item++)
        atomic_store(&background_at(item)->lock, 0);
    restore_mask();
}

void background_after_clone(void)
{
    sigset_t before;
    if (atomic_load(&background_count) == 0 && !race_thread_is_there())
        return;
    locked_for_fork = 0;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    memcpy(&mask_before_fork, &before, sizeof mask_before_fork);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellation_before_fork);
    background_after_fork();
}

void background_after_fork(void)
{
    uint32_t last = atomic_load(&background_races.taken);
    race_thread_after_fork();
    for (uint32_t item = 1; item <= last; item++) {
        struct background *race = background_at(item);
        atomic_store(&race->lock, 0);
        if (!background_is_on(race))
            continue;
        if (item <= locked_for_fork) /* else it was half made */
            collapse_in_child(race);
        atomic_store(background_due(item), INT64_MAX);
        atomic_fetch_add(&race->generation, 1);
        if (item <= locked_for_fork)
            pool_give(&background_races, item);
    }
    atomic_store(&background_count, 0);
    restore_mask();
}
