/* How a race in the background ends: which socket goes under the program's number. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>

#include "preload/base/clock.h"
#include "preload/connect/background_race.h"
#include "preload/connect/race_thread.h"
#include "preload/socket/replace.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

/* A port of the loopback address that a socket of ours holds and does not listen on; 0: none. */
static uint16_t hold_port(const struct attempt_slot *slot, const struct ip_address *loopback)
{
    struct sockaddr_storage held;
    struct ip_address address;
    uint16_t port = 0;
    socklen_t length = address_to_sockaddr(loopback, 0, &held);
    if (REAL(bind)(slot->socket, (const struct sockaddr *)&held, length) != 0)
        return 0;
    length = sizeof held;
    if (REAL(getsockname)(slot->socket, (struct sockaddr *)&held, &length) != 0 ||
        !address_from_sockaddr((const struct sockaddr *)&held, length, &address, &port))
        return 0;
    return port;
}

static struct ip_address loopback_for(const struct attempt_slot *slot)
{
    struct in_addr ipv4 = {.s_addr = htonl(INADDR_LOOPBACK)};
    return kernel_socket_integer(slot->socket, SO_DOMAIN) == AF_INET6 ? address_map(ipv4) : address_ipv4(ipv4);
}

/*
 * None has failed late, so that the kernel has nothing to tell: a slot's socket is refused by a port that another one
 * holds, and so acts in every call as a socket that could not connect. Only that it was refused is wrong: what
 * SO_ERROR says is on record. Where no other slot has a socket it is a socket that was not connected, and the record
 * says why.
 */
static void make_failure(struct background *race, struct attempt_slot *slot, int error)
{
    background_dissolve(slot);
    for (unsigned i = 0; i < SLOTS; i++) {
        struct attempt_slot *other = &race->slots[i];
        if (other == slot || !background_slot_is_ours(other))
            continue;
        background_dissolve(other);
        struct ip_address held = loopback_for(other), refusing = loopback_for(slot);
        uint16_t port = hold_port(other, &held);
        if (port == 0)
            continue;
        attempts_connect(slot->socket, &refusing, port);
        break;
    }
    sockets_fail(sockets_find(race->fd), error);
}

/*
 * No socket can be put under the program's number, since RLIMIT_NOFILE is below it by now, say: the placeholder has
 * to stay there, and is made to look as a socket whose connection was aborted, until the program closes it. The race
 * stays, with one slot for what the program may ask of its socket.
 */
static void get_stuck(struct background *race, uint32_t item, const struct attempt_slot *kept, int error)
{
    if (!race->is_stuck)
        log_error(LOG_LEVEL_ERROR, "a connection was lost: its socket can't have the number that the program knows",
                  NULL, error);
    race->is_stuck = true;
    for (unsigned i = 0; i < SLOTS; i++)
        if (&race->slots[i] != kept)
            background_close_slot(&race->slots[i]);
    atomic_store(background_due(item), INT64_MAX);
    sockets_fail(sockets_glimpse(race->fd), ECONNABORTED);
    background_release_peer(race);
}

bool background_relay(struct background *race, struct attempt_slot *slot)
{
    if (race->relay.program < 0 || slot->family != AF_INET6)
        return false;
    struct socket_record *record = sockets_glimpse(race->fd);
    int result = relay_install(&race->relay, race->fd, NULL, slot->socket, RELAY_FTP_CLIENT);
    if (result != 0 && result != -ECHILD)
        return false;
    slot->socket = NOBODY;
    sockets_note_family(record, slot->family);
    return true;
}

void background_commit(struct background *race, uint32_t item, struct attempt_slot *slot)
{
    struct socket_record *record = sockets_glimpse(race->fd);
    if (race->awaits != BACKGROUND_AWAITS_NOTHING)
        make_failure(race, slot, ENETUNREACH);
    race->awaits = BACKGROUND_AWAITS_NOTHING;
    if (kernel_socket_cookie(race->fd) == race->placeholder && background_slot_is_ours(slot)) {
        race_thread_unwatch(slot->socket);
        if (background_relay(race, slot)) {
            background_close(race, item);
            return;
        }
        REAL(fcntl)(slot->socket, F_SETFL, 0);
        int result = replace_socket(race->fd, NULL, slot->socket);
        if (result < 0) {
            get_stuck(race, item, slot, -result);
            return;
        }
        slot->socket = NOBODY;
        sockets_note_family(record, slot->family);
        if (race->is_stuck)
            sockets_clear(record, SOCKET_FAILED);
    }
    background_close(race, item);
}

/* All have failed: the program is told by a socket that has failed and whose error it can read itself. One that the
   peer has refused says more than one that no way led from. */
static struct attempt_slot *telling_slot(struct background *race)
{
    struct attempt_slot *telling = NULL;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct attempt_slot *slot = &race->slots[i];
        if (slot->socket != NOBODY && (telling == NULL || background_news_of(slot) > background_news_of(telling)))
            telling = slot;
    }
    return telling;
}

void background_commit_failure(struct background *race, uint32_t item, int error)
{
    struct attempt_slot *telling = telling_slot(race);
    if (telling != NULL && !telling->holds_error && background_slot_is_ours(telling))
        make_failure(race, telling, error);
    if (telling != NULL)
        background_commit(race, item, telling);
    else
        background_close(race, item);
}

static struct attempt_slot *connected_slot(struct background *race)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (race->slots[i].attempt != NOBODY && background_slot_is_ours(&race->slots[i]) &&
            kernel_tcp_state(race->slots[i].socket) == TCP_ESTABLISHED)
            return &race->slots[i];
    return NULL;
}

struct attempt_slot *background_slot_to_keep(struct background *race, uint32_t item)
{
    int64_t now_ms = clock_now_ms();
    struct attempt_slot *connected = connected_slot(race);
    if (connected != NULL)
        return connected;
    for (;;) {
        int attempt = eyeballs_successor(&race->eyeballs);
        if (attempt < 0)
            break;
        bool pending = race->eyeballs.attempts[attempt].state == EYEBALLS_PENDING;
        if (pending && !background_start_attempt(race, item, (unsigned)attempt, now_ms))
            break;
        struct attempt_slot *slot = background_slot_of(race, attempt);
        if (slot != NULL)
            return slot;
        if (!pending)
            break;
    }
    return background_leading_slot(race);
}
