/* Begins races for connect() calls that don't wait, and answers for sockets that race; called by connection.c and
   the hooks. */
#include "preload/connect/background.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>

#include "preload/base/clock.h"
#include "preload/base/ready.h"
#include "preload/connect/attempts.h"
#include "preload/connect/background_race.h"
#include "preload/connect/history.h"
#include "preload/connect/placeholder.h"
#include "preload/connect/race.h"
#include "preload/connect/race_thread.h"
#include "preload/socket/epoll_sets.h"
#include "preload/socket/replace.h"
#include "preload/socket/socket_options.h"
#include "preload/system/high_fd.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/thread/thread_end.h"

static void add_slot(struct background *race, int socket, sa_family_t family)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct attempt_slot *slot = &race->slots[i];
        if (slot->socket != NOBODY)
            continue;
        *slot = (struct attempt_slot){
            .socket = socket, .cookie = kernel_socket_cookie(socket), .family = family, .attempt = NOBODY};
        return;
    }
}

/* The first one of the original's family is itself: what was set needs no copy. */
static int make_slots_of(struct background *race, const struct original *original, sa_family_t family,
                         unsigned wanted)
{
    for (unsigned made = 0; made < wanted && made < FAMILY_SLOTS; made++) {
        int socket =
            family == original->family && made == 0 ? high_fd_copy(race->fd) : attempts_make(original, family);
        if (socket < 0)
            return socket;
        add_slot(race, socket, family);
    }
    return 0;
}

int background_make_slots(struct background *race, const struct original *original, unsigned ipv4, unsigned ipv6)
{
    int result = make_slots_of(race, original, AF_INET, ipv4);
    if (result == 0)
        result = make_slots_of(race, original, AF_INET6, ipv6);
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].socket != NOBODY)
            attempts_commit(original, race->slots[i].socket);
    return result;
}

static int apply_options(struct background *race, const struct original *original,
                         const struct destinations *destinations)
{
    unsigned count = (unsigned)destinations->count, ipv4 = 0;
    for (unsigned i = 0; i < count; i++)
        ipv4 += destinations->addresses[i].family == AF_INET;
    race_order(destinations, &race->candidates, race->order);
    eyeballs_init(&race->eyeballs, count, settings_current()->attempt_delay_ms);
    if (ipv4 < count && relay_wants(race->port))
        relay_make_pair(&race->relay);
    uint32_t legacy = race_legacy(destinations, &race->candidates, race->order);
    eyeballs_limit_silence(&race->eyeballs, legacy, race_silence_limit(legacy, &race->candidates, race->order));
    return background_make_slots(race, original, ipv4, count - ipv4);
}

/*
 * The race can't be had after all. The program's own socket, which may have carried an attempt, is as it was; its
 * connect() goes on in order (connection.c).
 */
static int give_up(struct background *race, uint32_t item)
{
    uint64_t own = kernel_socket_cookie(race->fd);
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].used && race->slots[i].cookie == own && background_slot_is_ours(&race->slots[i]))
            background_dissolve(&race->slots[i]);
    background_close(race, item);
    return -EAGAIN;
}

/* No race after all: this socket, connected or on its way, goes under the number where the program's own still is. */
static int install_at_once(struct background *race, uint32_t item, struct attempt_slot *slot, int result)
{
    struct socket_record *record = sockets_find(race->fd);
    race_thread_unwatch(slot->socket);
    if (background_relay(race, slot)) {
        background_close(race, item);
        return result;
    }
    if (slot->cookie != kernel_socket_cookie(race->fd)) {
        REAL(fcntl)(slot->socket, F_SETFL, 0);
        if (replace_socket(race->fd, NULL, slot->socket) < 0)
            return give_up(race, item);
        slot->socket = NOBODY;
    }
    sockets_note_family(record, slot->family);
    background_close(race, item);
    return result;
}

int background_put_placeholder(struct background *race, uint32_t item)
{
    struct socket_record *record = sockets_find(race->fd);
    int end, peer, result = placeholder_make(&end, &peer);
    if (result < 0)
        return result;
    race->peer = peer;
    race->peer_cookie = kernel_socket_cookie(peer);
    race->placeholder = kernel_socket_cookie(end);
    result = replace_socket(race->fd, NULL, end);
    if (result < 0) {
        REAL(close)(end);
        return result;
    }
    atomic_store(&record->race, item);
    sockets_clear(record, SOCKET_UPGRADED | SOCKET_WILDCARD);
    sockets_set(record, SOCKET_RACING);
    race_thread_watch(race->peer, EPOLLHUP | EPOLLRDHUP, item, atomic_load(&race->generation), BACKGROUND_PEER);
    return -EINPROGRESS;
}

/* On this host, and those beside it on the same machine, the answer is there before connect() has returned. */
static bool is_connected(const struct attempt_slot *slot)
{
    int state = slot != NULL ? kernel_tcp_state(slot->socket) : -EBADF;
    return state >= 0 && state != TCP_CLOSE && state != TCP_SYN_SENT;
}

static int win_at_once(struct background *race, uint32_t item, unsigned attempt, int result)
{
    if (result == -EINPROGRESS)
        background_tell(race, EVENT_ATTEMPT, (int)attempt, 0);
    background_tell(race, EVENT_WON, (int)attempt, 0);
    history_note(&race->candidates, race->order, attempt, eyeballs_losers(&race->eyeballs, attempt));
    return install_at_once(race, item, background_slot_of(race, (int)attempt), result);
}

/* Starts attempts until one is under way: what fails at once is known now, as it would be of one socket. */
static int set_off(struct background *race, uint32_t item)
{
    struct eyeballs_action action;
    int64_t now_ms = clock_now_ms();
    while ((action = eyeballs_next(&race->eyeballs, now_ms)).kind == EYEBALLS_START)
        background_start_attempt(race, item, action.index, now_ms);
    if (action.kind == EYEBALLS_FAILED) {
        background_tell(race, EVENT_FAILED, NOBODY, -action.error);
        background_close(race, item);
        return -action.error;
    }
    if (action.kind == EYEBALLS_WON)
        return win_at_once(race, item, action.index, 0);
    unsigned running[EYEBALLS_RUNNING_MAX];
    eyeballs_running(&race->eyeballs, running);
    if (is_connected(background_slot_of(race, (int)running[0])))
        return win_at_once(race, item, running[0], -EINPROGRESS);
    if (race->eyeballs.next == race->eyeballs.count && action.until_ms == EYEBALLS_NO_TIMER &&
        race->relay.program < 0) {
        background_tell(race, EVENT_HANDED, (int)running[0], 0);
        return install_at_once(race, item, background_slot_of(race, (int)running[0]), -EINPROGRESS);
    }
    background_wait_until(race, item, action.until_ms, now_ms);
    history_locate(&race->candidates); /* the thread can't */
    int result = background_put_placeholder(race, item);
    return result == -EINPROGRESS ? result : give_up(race, item);
}

struct duplicates {
    uint64_t cookie;
    unsigned count;
};

static void count_duplicate(int number, void *context)
{
    struct duplicates *duplicates = context;
    duplicates->count += kernel_socket_cookie(number) == duplicates->cookie;
}

/* A race needs a socket that has one number, doesn't send signals, and whose options can be set on others. */
static bool may_be_raced(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    if (record == NULL || (REAL(fcntl)(fd, F_GETFL) & O_ASYNC) != 0)
        return false;
    if (atomic_load(&record->numbers) == 1)
        return true;
    struct duplicates duplicates = {.cookie = kernel_socket_cookie(fd)};
    sockets_each_number(record, fd, count_duplicate, &duplicates);
    return duplicates.count == 1;
}

struct background *background_enter(int fd, uint16_t port, uint32_t *item, sigset_t *before)
{
    if (!may_be_raced(fd) || !owns_memory())
        return NULL;
    thread_end_watch(THREAD_END_MAYBE_HANDLER);
    /* Counted first: the thread does not end while a race is counted. No handler jumps away between that and the
       lock: the race would be counted for good. */
    background_block_signals(before);
    atomic_fetch_add(&background_count, 1);
    *item = race_thread_ensure(before) ? pool_take(&background_races) : 0;
    if (*item == 0) {
        atomic_fetch_sub(&background_count, 1);
        pthread_sigmask(SIG_SETMASK, before, NULL);
        return NULL;
    }
    struct background *race = background_at(*item);
    background_lock_blocked(race);
    atomic_store(background_due(*item), INT64_MAX);
    atomic_fetch_add(&race->generation, 1);
    race->fd = fd;
    race->port = port;
    race->peer = NOBODY;
    race->placeholder = 0;
    race->awaits = BACKGROUND_AWAITS_NOTHING;
    race->relay = RELAY_NO_PAIR;
    race->is_stuck = false;
    for (unsigned i = 0; i < SLOTS; i++)
        race->slots[i].socket = NOBODY;
    return race;
}

void background_leave_to_thread(struct background *race, uint32_t item, const sigset_t *before, int result)
{
    background_unlock(race, before);
    if (result == -EINPROGRESS)
        race_thread_wake(atomic_load(background_due(item)));
}

int background_start(const struct original *original, const struct destinations *destinations, uint16_t port)
{
    int saved = errno, result = -EAGAIN;
    uint32_t item;
    sigset_t before;
    struct background *race = background_enter(original->fd, port, &item, &before);
    if (race != NULL) {
        if (apply_options(race, original, destinations) == 0)
            result = set_off(race, item);
        else
            background_close(race, item);
        background_leave_to_thread(race, item, &before, result);
    }
    errno = saved;
    return result;
}

/* The race of a number, locked; NULL where it has none any more. In a vfork() child there are no races: they are the
   parent's. */
static struct background *lock_race_of(int fd, uint32_t *item, sigset_t *before)
{
    const struct socket_record *record = sockets_find(fd);
    if (record == NULL || !sockets_has(fd, SOCKET_RACING) || !owns_memory())
        return NULL;
    *item = atomic_load(&record->race);
    struct background *race = background_at(*item);
    background_lock(race, before);
    if (background_is_on(race) && race->fd == fd && sockets_has(fd, SOCKET_RACING))
        return race;
    background_unlock(race, before);
    return NULL;
}

bool background_goes_on(int fd)
{
    int saved = errno;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race != NULL)
        background_unlock(race, &before);
    errno = saved;
    return race != NULL;
}

bool background_is_stuck(int fd)
{
    int saved = errno;
    uint32_t item;
    sigset_t before;
    struct background *race = background_is(fd) ? lock_race_of(fd, &item, &before) : NULL;
    bool stuck = race != NULL && race->is_stuck;
    if (race != NULL)
        background_unlock(race, &before);
    errno = saved;
    return stuck;
}

/* One that waits for the resolver has no leading attempt yet: it is given the time that any call may take. */
static struct background *lock_race_with_leader(int fd, uint32_t *item, sigset_t *before)
{
    struct background *race = lock_race_of(fd, item, before);
    if (race == NULL || race->awaits == BACKGROUND_AWAITS_NOTHING)
        return race;
    enum background_awaits awaits = race->awaits;
    struct in_addr awaited = race->awaited;
    background_unlock(race, before);
    background_await_briefly(awaits, awaited);
    race = lock_race_of(fd, item, before);
    if (race == NULL || background_begin(race, *item))
        return race;
    background_unlock(race, before);
    return NULL;
}

void background_collapse(int fd)
{
    int saved = errno;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_with_leader(fd, &item, &before);
    if (race != NULL) {
        struct attempt_slot *slot = background_slot_to_keep(race, item);
        background_tell(race, EVENT_HANDED, slot != NULL ? slot->attempt : NOBODY, 0);
        if (slot != NULL)
            background_commit(race, item, slot);
        else
            background_close(race, item);
        background_unlock(race, &before);
    }
    errno = saved;
}

void background_leave(void)
{
    if (atomic_load(&background_count) == 0 && atomic_load(&history_waiting) == 0)
        return;
    int saved = errno;
    if (owns_memory()) {
        uint32_t last = atomic_load(&background_races.taken);
        for (uint32_t item = 1; item <= last; item++)
            if (background_is_on(background_at(item)))
                background_collapse(background_at(item)->fd);
        history_flush();
    }
    errno = saved;
}

void background_cancel(int fd)
{
    int saved = errno;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race != NULL) {
        background_tell(race, EVENT_CANCELLED, NOBODY, 0);
        background_close(race, item);
        background_unlock(race, &before);
    }
    errno = saved;
}

int background_set_option(int fd, int level, int name, const void *value, socklen_t length)
{
    int saved = errno, result = -ENOENT;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race != NULL) {
        const struct attempt_slot *leading = background_leading_slot(race);
        for (unsigned i = 0; i < SLOTS; i++) {
            const struct attempt_slot *slot = &race->slots[i];
            if (!background_slot_is_ours(slot))
                continue;
            int its = socket_options_set(slot->socket, level, name, value, length);
            if (slot == leading)
                result = its;
        }
        background_unlock(race, &before);
    }
    errno = saved;
    return result;
}

int background_get_option(int fd, int level, int name, void *value, socklen_t *length)
{
    int saved = errno, result = -ENOENT;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race != NULL) {
        const struct attempt_slot *slot = background_leading_slot(race);
        if (slot != NULL)
            result = REAL(getsockopt)(slot->socket, level, name, value, length) == 0 ? 0 : -errno;
        background_unlock(race, &before);
    }
    errno = saved;
    return result;
}

int background_get_name(int fd, struct sockaddr_storage *address, socklen_t *length)
{
    int saved = errno, result = -ENOENT;
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race != NULL) {
        const struct attempt_slot *slot = background_leading_slot(race);
        if (slot != NULL)
            result = REAL(getsockname)(slot->socket, (struct sockaddr *)address, length) == 0 ? 0 : -errno;
        background_unlock(race, &before);
    }
    errno = saved;
    return result;
}

bool background_epoll_control(int epoll, int operation, int fd, struct epoll_event *event, int *result)
{
    uint32_t item;
    sigset_t before;
    struct background *race = lock_race_of(fd, &item, &before);
    if (race == NULL)
        return false;
    *result = epoll_sets_control(epoll, operation, fd, event);
    int saved = errno;
    background_unlock(race, &before);
    errno = saved;
    return true;
}
