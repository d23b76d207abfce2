/* Races candidates inside a connect() that blocks; called by preload/connect/connection.c. */
#include "preload/connect/race.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "preload/base/clock.h"
#include "preload/base/critical_section.h"
#include "preload/base/guard.h"
#include "preload/base/pool.h"
#include "preload/connect/own_attempt.h"
#include "preload/connect/patience.h"
#include "preload/log/log.h"
#include "preload/socket/replace.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/thread/thread_end.h"

#define NO_SOCKET (-1)
#define FOREVER   INT64_MAX

_Static_assert(CANDIDATES_PER_LIST <= EYEBALLS_CANDIDATES_MAX, "a list of candidates is one race");

/* A race while it runs. Not on the stack: see race_close_abandoned. */
struct race {
    _Atomic uint32_t next_free; /* the pool's */
    uint32_t outer;             /* the race of this thread that a signal handler has interrupted */
    _Atomic uintptr_t frame;    /* of the connect() that runs it; 0: none does */
    _Atomic int fd;             /* original.fd, for other threads, which may see the record begin another race */
    atomic_bool is_shut_down;
    struct original original;
    uint16_t port;
    struct history_candidates candidates;    /* by preference */
    unsigned order[EYEBALLS_CANDIDATES_MAX]; /* place in the race -> place in candidates */
    struct eyeballs eyeballs;
    struct own_attempt own;
    int64_t end_ms; /* when the program's own limit for connect() ends; FOREVER */
    int64_t now_ms; /* when the race last began to act; what it does between two waits takes no time */
    struct attempt {
        _Atomic int socket;
        uint64_t cookie; /* so that a number which was closed behind our back is known */
    } attempts[EYEBALLS_CANDIDATES_MAX];
};

static void *_Atomic race_chunks[POOL_CHUNKS];
static struct pool races = {.item_size = sizeof(struct race), .chunks = race_chunks};
__thread uint32_t race_current __attribute__((tls_model("initial-exec")));

_Atomic unsigned race_running;

static struct race *race_at(uint32_t item)
{
    return pool_at(&races, item);
}

/* Whether an attempt that was begun is made on the program's own socket. */
static bool is_own(const struct race *race, unsigned index)
{
    return race->attempts[index].cookie == race->own.cookie;
}

static void close_attempts(struct race *race)
{
    for (unsigned i = 0; i < EYEBALLS_CANDIDATES_MAX; i++) {
        if (atomic_load_explicit(&race->attempts[i].socket, memory_order_relaxed) == NO_SOCKET)
            continue;
        int socket = atomic_exchange(&race->attempts[i].socket, NO_SOCKET);
        if (socket != NO_SOCKET && !is_own(race, i) && kernel_socket_cookie(socket) == race->attempts[i].cookie)
            REAL(close)(socket);
    }
}

/* Says how the race of a descriptor has ended. */
static void tell(const struct race *race, enum event_type type, const struct ip_address *candidate, int result)
{
    log_connection(type, race->original.fd, candidate, race->port, result);
}

/* Signals wait: a handler that jumped out of here would leave a socket, or a record that stands for a race, and the
   child of one that forks would give the record back twice. */
static void end_race(uint32_t item)
{
    struct race *race = race_at(item);
    struct critical_section section;
    critical_section_enter(&section);
    close_attempts(race);
    own_attempt_give_back(&race->own);
    race_current = race->outer;
    atomic_store(&race->frame, 0);
    atomic_fetch_sub(&race_running, 1);
    pool_give(&races, item);
    critical_section_leave(&section);
}

static void abandon(uint32_t item)
{
    tell(race_at(item), EVENT_CANCELLED, NULL, 0);
    end_race(item);
}

void race_abandon_all(void)
{
    while (race_current != 0)
        abandon(race_current);
}

void race_close_abandoned(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct critical_section section;
    critical_section_enter(&section);
    while (race_current != 0 && atomic_load(&race_at(race_current)->frame) < here && !guard_on_signal_stack())
        abandon(race_current);
    critical_section_leave(&section);
}

void race_after_fork(void)
{
    uint32_t last = atomic_load(&races.taken);
    for (uint32_t item = 1; item <= last; item++) {
        struct race *race = race_at(item);
        bool own = false;
        for (uint32_t mine = race_current; mine != 0 && !own; mine = race_at(mine)->outer)
            own = mine == item;
        if (atomic_load(&race->frame) == 0 || own)
            continue;
        close_attempts(race);
        atomic_store(&race->frame, 0);
        atomic_fetch_sub(&race_running, 1);
        pool_give(&races, item);
    }
}

bool race_shut_down(int fd)
{
    int saved = errno;
    bool found = false;
    uint32_t last = atomic_load(&races.taken);
    for (uint32_t item = 1; item <= last; item++) {
        struct race *race = race_at(item);
        uintptr_t frame = atomic_load(&race->frame);
        if (frame == 0 || atomic_load(&race->fd) != fd)
            continue;
        found = true;
        atomic_store(&race->is_shut_down, true);
        for (unsigned i = 0; i < EYEBALLS_CANDIDATES_MAX; i++) { /* wakes its thread */
            int socket = atomic_load(&race->attempts[i].socket);
            bool is_same_race = atomic_load(&race->frame) == frame && atomic_load(&race->fd) == fd;
            if (is_same_race && socket != NO_SOCKET && kernel_socket_cookie(socket) == race->attempts[i].cookie)
                REAL(shutdown)(socket, SHUT_RDWR);
        }
    }
    errno = saved;
    return found;
}

static uint32_t begin_race(const struct original *original, const struct destinations *destinations, uint16_t port,
                           uintptr_t frame)
{
    const struct settings *settings = settings_current();
    uint32_t item = pool_take(&races);
    if (item == 0)
        return 0;
    thread_end_watch(THREAD_END_MAYBE_HANDLER);
    struct race *race = race_at(item);
    race->original = *original;
    atomic_store(&race->fd, original->fd);
    atomic_store(&race->is_shut_down, false);
    race->port = port;
    race->outer = race_current;
    for (unsigned i = 0; i < EYEBALLS_CANDIDATES_MAX; i++) /* nobody sees it before it has a frame */
        atomic_store_explicit(&race->attempts[i].socket, NO_SOCKET, memory_order_relaxed);
    race_order(destinations, &race->candidates, race->order);
    eyeballs_init(&race->eyeballs, (unsigned)destinations->count, settings->attempt_delay_ms);
    uint32_t legacy = race_legacy(destinations, &race->candidates, race->order);
    eyeballs_limit_silence(&race->eyeballs, legacy, race_silence_limit(legacy, &race->candidates, race->order));
    race->now_ms = race->candidates.now_ms;
    int64_t limit_ms = own_attempt_begin(&race->own, original);
    race->end_ms = limit_ms == OWN_ATTEMPT_FOREVER ? FOREVER : race->now_ms + limit_ms;
    struct critical_section section; /* until it has a frame it is nobody's, from then on it is this thread's */
    critical_section_enter(&section);
    atomic_store(&race->frame, frame);
    atomic_fetch_add(&race_running, 1);
    race_current = item;
    critical_section_leave(&section);
    return item;
}

static const struct ip_address *candidate_of(const struct race *race, unsigned index)
{
    return &race->candidates.addresses[race->order[index]];
}

/*
 * No socket can be had for a candidate. The race goes on with what is running, unless that is IPv6 alone and could be
 * silent while the name has IPv4 addresses which the program would have tried: then it is for try_in_order(), IPv4
 * first. 0 or -EAGAIN.
 */
static int go_without(struct race *race, unsigned index, int error)
{
    bool ipv4_waits = false, ipv4_runs = false;
    if (error != -EAFNOSUPPORT) {
        for (unsigned i = 0; i < race->eyeballs.count; i++) {
            bool ipv4 = candidate_of(race, i)->family == AF_INET;
            ipv4_waits = ipv4_waits || (ipv4 && race->eyeballs.attempts[i].state == EYEBALLS_PENDING);
            ipv4_runs = ipv4_runs || (ipv4 && race->eyeballs.attempts[i].state == EYEBALLS_RUNNING);
        }
        if (race->eyeballs.running == 0 || (ipv4_waits && !ipv4_runs))
            return -EAGAIN;
    }
    log_attempt(race->original.fd, candidate_of(race, index), race->port, error);
    eyeballs_attempt_failed(&race->eyeballs, index, -error, race->now_ms);
    return 0;
}

/* Notes what became of an attempt. */
static void settle(struct race *race, unsigned index, int result)
{
    if (result == -EINPROGRESS)
        return;
    log_attempt(race->original.fd, candidate_of(race, index), race->port, result);
    if (result == 0)
        eyeballs_attempt_succeeded(&race->eyeballs, index, race->now_ms);
    else
        eyeballs_attempt_failed(&race->eyeballs, index, -result, race->now_ms);
}

/* The same as start_attempt() on the program's own socket, where no other is under way: waits for it as long as it
   runs alone. 0, -EINTR; -EAGAIN where it can't be. */
static int start_own_attempt(struct race *race, unsigned index)
{
    const struct ip_address *candidate = candidate_of(race, index);
    int64_t began_ms = race->now_ms, end_ms = began_ms + race->eyeballs.delay_ms;
    race->attempts[index].cookie = race->own.cookie;
    atomic_store(&race->attempts[index].socket, race->own.fd);
    log_attempt(race->original.fd, candidate, race->port, -EINPROGRESS);
    int result = own_attempt_connect(&race->own, candidate, race->port, began_ms,
                                     end_ms < race->end_ms ? end_ms : race->end_ms);
    if (result == -EAGAIN) {
        atomic_store(&race->attempts[index].socket, NO_SOCKET);
        race->own.may_be_tried = false;
        return result;
    }
    if (result != 0)
        race->now_ms = clock_now_ms();
    if (result == -EINPROGRESS || result == -EINTR)
        eyeballs_attempt_started(&race->eyeballs, index, began_ms);
    settle(race, index, result == -EINTR ? -EINPROGRESS : result);
    return result == -EINTR ? result : 0;
}

static bool is_for_own_socket(const struct race *race, unsigned index)
{
    return race->eyeballs.running == 0 && own_attempt_can_reach(&race->own, candidate_of(race, index));
}

/* Starts an attempt and reports it. 0; -EINTR; -EAGAIN where this can't be a race. */
static int start_attempt(struct race *race, unsigned index)
{
    const struct ip_address *candidate = candidate_of(race, index);
    int result = -race_prohibits(&race->eyeballs, &race->candidates, race->order, index);
    if (result == 0 && is_for_own_socket(race, index)) {
        int own = start_own_attempt(race, index);
        if (own != -EAGAIN)
            return own;
    }
    int socket = result == 0 ? attempts_make(&race->original, candidate->family) : NO_SOCKET;
    if (result == 0 && socket < 0)
        return go_without(race, index, socket);
    if (result == 0)
        result = attempts_connect(socket, candidate, race->port);
    log_attempt(race->original.fd, candidate, race->port, result);
    if (result != 0 && result != -EINPROGRESS) {
        if (socket != NO_SOCKET)
            REAL(close)(socket);
        eyeballs_attempt_failed(&race->eyeballs, index, -result, race->now_ms);
        return 0;
    }
    race->attempts[index].cookie = kernel_socket_cookie(socket);
    atomic_store(&race->attempts[index].socket, socket);
    eyeballs_attempt_started(&race->eyeballs, index, race->now_ms);
    if (result == 0)
        eyeballs_attempt_succeeded(&race->eyeballs, index, race->now_ms);
    return 0;
}

static int sleep_until(struct race *race, struct pollfd *polled, unsigned count, int64_t until_ms)
{
    int64_t left_ms = until_ms - race->now_ms;
    if (left_ms < 0)
        left_ms = 0;
    struct timespec limit = {.tv_sec = left_ms / CLOCK_MS_PER_S,
                             .tv_nsec = left_ms % CLOCK_MS_PER_S * CLOCK_NS_PER_MS};
    uintptr_t lifted = guard_lift();
    int ready = REAL(ppoll)(polled, count, until_ms == FOREVER ? NULL : &limit, NULL);
    int result = ready < 0 ? -errno : 0;
    guard_restore(lifted);
    race->now_ms = clock_now_ms();
    return result;
}

static void report(struct race *race, unsigned index)
{
    struct attempt *attempt = &race->attempts[index];
    /* A number that is closed or somebody else's now is the death of the attempt; it is not tried again. */
    int result = -ECONNABORTED;
    if (kernel_socket_cookie(attempt->socket) == attempt->cookie)
        result = is_own(race, index) ? own_attempt_result(&race->own) : attempts_result(attempt->socket);
    settle(race, index, result);
}

/* Waits for something to happen to a running attempt, or for `until_ms`. 0, -EINTR, or -EAGAIN where the kernel (a
   sandbox) lets nobody wait. */
static int wait_for_attempts(struct race *race, int64_t until_ms)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    struct pollfd polled[EYEBALLS_RUNNING_MAX];
    unsigned count = eyeballs_running(&race->eyeballs, running);
    for (unsigned i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = race->attempts[running[i]].socket, .events = POLLOUT};
    int result = sleep_until(race, polled, count, until_ms);
    if (result == -EINTR)
        return patience_handlers_restart() ? 0 : -EINTR;
    if (result < 0)
        return -EAGAIN;
    for (unsigned i = 0; i < count; i++)
        if (polled[i].revents != 0)
            report(race, running[i]);
    return 0;
}

/* Puts an attempt under the program's number, unless it is there. -EBADF where the program has closed that meanwhile
   (it may be another file's by now); -EAGAIN where the kernel does not let us. */
static int install(struct race *race, unsigned index, int fd)
{
    struct critical_section section;
    if (is_own(race, index))
        return 0;
    critical_section_enter(&section);
    int socket = race->attempts[index].socket, result = -EBADF;
    if (kernel_socket_cookie(fd) == race->own.cookie) {
        attempts_commit(&race->original, socket);
        bool set = REAL(fcntl)(socket, F_SETFL, 0) == 0 || REAL(fcntl)(socket, F_SETFL, 0) == 0;
        result = set && replace_socket(fd, race->original.record, socket) == 0 ? 0 : -EAGAIN;
    }
    if (result == 0) {
        atomic_store(&race->attempts[index].socket, NO_SOCKET);
        sockets_note_family(race->original.record, candidate_of(race, index)->family);
    }
    critical_section_leave(&section);
    return result;
}

/* Whom the program is given when it doesn't wait any longer, -1: nobody. One that is connected, if nobody has looked
   yet; else as eyeballs_successor() says. */
static int find_successor(struct race *race)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    unsigned count = eyeballs_running(&race->eyeballs, running);
    for (unsigned i = 0; i < count; i++)
        if (kernel_tcp_state(race->attempts[running[i]].socket) == TCP_ESTABLISHED)
            return (int)running[i];
    for (;;) {
        int index = eyeballs_successor(&race->eyeballs);
        if (index < 0 || race->eyeballs.attempts[index].state == EYEBALLS_RUNNING)
            return index;
        if (start_attempt(race, (unsigned)index) < 0)
            return count > 0 ? (int)running[0] : -1;
        if (race->eyeballs.attempts[index].state != EYEBALLS_BROKEN)
            return index;
    }
}

/* The program will not wait any longer: one attempt goes on under its number, as one socket would. */
static int give_successor(struct race *race, int fd, int result)
{
    race->own.may_be_tried = false; /* which waits */
    int successor = find_successor(race);
    tell(race, EVENT_INTERRUPTED, successor >= 0 ? candidate_of(race, (unsigned)successor) : NULL, 0);
    int installed = successor >= 0 ? install(race, (unsigned)successor, fd) : 0;
    return installed < 0 ? installed : result;
}

static int run(struct race *race, int fd)
{
    for (;;) {
        struct eyeballs_action action = eyeballs_next(&race->eyeballs, race->now_ms);
        int result = 0;
        bool is_over = action.kind == EYEBALLS_WON && is_own(race, action.index); /* the kernel has said so */
        if (atomic_load(&race->is_shut_down) && !is_over) {
            tell(race, EVENT_CANCELLED, NULL, 0);
            return -ECONNRESET;
        }
        switch (action.kind) {
        case EYEBALLS_START:
            result = start_attempt(race, action.index);
            break;
        case EYEBALLS_WAIT:
            result = wait_for_attempts(race, action.until_ms < race->end_ms ? action.until_ms : race->end_ms);
            if (result == 0 && race->now_ms >= race->end_ms)
                result = -EINPROGRESS;
            break;
        case EYEBALLS_WON:
            tell(race, EVENT_WON, candidate_of(race, action.index), 0);
            history_note(&race->candidates, race->order, action.index,
                         eyeballs_losers(&race->eyeballs, action.index));
            return install(race, action.index, fd);
        case EYEBALLS_FAILED:
        default:
            tell(race, EVENT_FAILED, NULL, -action.error);
            race_note_refusal(&race->eyeballs, &race->candidates, race->order);
            return -action.error;
        }
        if (result == -EINTR || result == -EINPROGRESS)
            return give_successor(race, fd, result);
        if (result < 0)
            return result;
    }
}

/* The program's own socket is not on its way any more where nothing came of the race. */
static void stop_own_attempt(const struct race *race)
{
    unsigned running[EYEBALLS_RUNNING_MAX];
    unsigned count = eyeballs_running(&race->eyeballs, running);
    for (unsigned i = 0; i < count; i++)
        if (is_own(race, running[i]))
            own_attempt_dissolve(&race->own);
}

int race_run(const struct original *original, const struct destinations *destinations, uint16_t port)
{
    int saved = errno, result;
    uint32_t item = begin_race(original, destinations, port, (uintptr_t)__builtin_frame_address(0));
    if (item == 0)
        return -EAGAIN;
    result = run(race_at(item), original->fd);
    if (result < 0 && result != -EINTR && result != -EINPROGRESS)
        stop_own_attempt(race_at(item));
    end_race(item);
    errno = saved;
    return result;
}
