/* Connections, and the addresses of their ends. */
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "preload/alias/aliases.h"
#include "preload/base/fast_path.h"
#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/pointer.h"
#include "preload/connect/background.h"
#include "preload/connect/connection.h"
#include "preload/connect/destinations.h"
#include "preload/connect/patience.h"
#include "preload/connect/race.h"
#include "preload/hooks/pending.h"
#include "preload/log/log.h"
#include "preload/nat64/discovery.h"
#include "preload/peers/impostor.h"
#include "preload/peers/loopback_twin.h"
#include "preload/peers/outbound.h"
#include "preload/peers/return_path.h"
#include "preload/peers/view.h"
#include "preload/queries/queries.h"
#include "preload/relay/relay.h"
#include "preload/relay/relay_address.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/upgrade/bind.h"
#include "preload/upgrade/shape.h"

#define TO_START 1 /* no result of connect() */

/* An IPv4 socket address as the program gave it; false for anything else, which the kernel judges. */
static bool read_ipv4(const struct sockaddr *address, socklen_t length, struct sockaddr_in *ipv4)
{
    return pointer_read_ipv4(address, length, ipv4) && ipv4->sin_family == AF_INET;
}

/* What is not the shim's to decide is traced all the same: it takes its time. */
static void trace_plain(int fd, const struct sockaddr *address, socklen_t length, int result)
{
    struct ip_address destination;
    uint16_t port;
    if (__builtin_expect(!log_wants_trace(), 1) || length > sizeof(struct sockaddr_storage) ||
        !pointer_can_read(address, length) || !address_from_sockaddr(address, length, &destination, &port))
        return;
    if (result == -EINPROGRESS)
        log_connection(EVENT_HANDED, fd, &destination, port, 0);
    else
        log_attempt(fd, &destination, port, result == TO_START ? -EINPROGRESS : result);
}

static int plain_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    trace_plain(fd, address, length, TO_START);
    uintptr_t lifted = guard_lift();
    int result = REAL(connect)(fd, address, length);
    guard_restore(lifted);
    trace_plain(fd, address, length, result == 0 ? 0 : -errno);
    return result;
}

/* Whether it is for connect() to say EALREADY of a connection that is under way. A family of AF_UNSPEC ends it, and
   an address that can't be one comes first. */
static bool asks_for_connection(const struct sockaddr *address, socklen_t length)
{
    return length >= sizeof address->sa_family && length <= sizeof(struct sockaddr_storage) &&
           pointer_can_read(address, length) && address->sa_family != AF_UNSPEC;
}

/* Of a UDP server that answers on a socket of its own. */
static bool is_way_back(int fd, const struct sockaddr_in *asked, struct ip_address *peer)
{
    return return_path_may_concern() && sockets_find(fd) != NULL && !sockets_has(fd, SOCKET_STREAM) &&
           return_path_way_back(fd, asked, peer);
}

/* What connect() was called with: as for sendto(), in memory. */
struct connect_arguments {
    const struct sockaddr *address;
    int fd, error;
    socklen_t length;
};

/* After a connection that the program has waited for. One that it doesn't wait for is relayed when it is there
   (preload/connect/background_end.c). */
static int relayed(int fd, const struct sockaddr_in *asked, int result)
{
    if (result == 0 && relay_wants(ntohs(asked->sin_port)) && sockets_has(fd, SOCKET_STREAM))
        relay_insert(fd, RELAY_FTP_CLIENT);
    return result;
}

/* The kernel has refused it. Where it knows no way to an IPv4 address, there may be one through NAT64. */
static NOINLINE int connect_refused(const volatile struct connect_arguments *connected)
{
    struct sockaddr_in asked;
    if (errno != ENETUNREACH || !read_ipv4(connected->address, connected->length, &asked))
        return -1;
    errno = connected->error;
    GUARD(guard);
    if (GUARD_ENTER(guard))
        return guard_result(&guard, relayed(connected->fd, &asked, connection_translate(connected->fd, &asked)));
    errno = ENETUNREACH;
    return -1;
}

/* A connection that the kernel makes; `error` is where this thread's errno is. */
__attribute__((always_inline)) static inline int connect_plain(int fd, const struct sockaddr *address,
                                                               socklen_t length, const int *error)
{
    volatile struct connect_arguments kept;
    kept.address = address;
    kept.fd = fd;
    kept.error = *error;
    kept.length = length;
    int result = REAL_BOUND(connect)(fd, address, length);
    return __builtin_expect(result == 0, 1) ? result : connect_refused(&kept);
}

/* Whether the kernel makes a connection, and nothing else is to be done. `asked`: to an IPv4 address, else
   NULL. */
static bool is_left_alone(int fd, const struct sockaddr_in *asked)
{
    struct ip_address peer;
    if (!is_ready() || hooks_have_pending() || log_wants_trace() ||
        sockets_are_flagged(fd, SOCKET_UPGRADED | SOCKET_RACING | SOCKET_FAILED))
        return false;
    if (asked == NULL || (!fast_path_wants_all_addresses() && !fast_path_may_concern(asked->sin_addr)))
        return true;
    return !destinations_concern(asked->sin_addr) &&
           !(sockets_glimpse(fd) != NULL && nat64_discovery_may_be_known()) && !is_way_back(fd, asked, &peer);
}

/* What a race that was begun with this number says to another connect(); 0: nothing. */
static int answer_of_race(int fd, const struct sockaddr *address, socklen_t length)
{
    if (background_is(fd) && asks_for_connection(address, length) && background_goes_on(fd) &&
        !background_is_stuck(fd))
        return -EALREADY;
    if (background_is(fd))
        background_collapse(fd);
    return background_is_stuck(fd) ? -ECONNABORTED : 0;
}

/* To anything else than an IPv4 address. */
static int connect_elsewhere(int fd, const struct sockaddr *address, socklen_t length, const struct guard *guard)
{
    if (sockets_has(fd, SOCKET_FAILED)) /* which connect() to no family dissolves */
        background_take_failure(fd);
    if (sockets_has(fd, SOCKET_UPGRADED) && !asks_for_connection(address, length))
        return guard_result(guard, connection_dissolve(fd, address, length));
    return plain_connect(fd, address, length);
}

/* All that the fast path of connect() leaves open. */
static NOINLINE int connect_slow(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_in asked;
    struct ip_address peer;
    bool ipv4 = read_ipv4(address, length, &asked);
    fast_path_note_thread();
    if (ipv4 && is_ready())
        queries_note_peer(fd, &asked);
    if (is_left_alone(fd, ipv4 ? &asked : NULL))
        return connect_plain(fd, address, length, &errno);
    GUARD(guard);
    pthread_testcancel();
    if (!GUARD_ENTER(guard))
        return REAL(connect)(fd, address, length);
    race_clean_up();
    patience_clean_up();
    history_flush();
    int answer = answer_of_race(fd, address, length);
    if (answer != 0)
        return guard_result(&guard, answer);
    if (sockets_has(fd, SOCKET_RELAYED) && asks_for_connection(address, length))
        return guard_result(&guard, -EISCONN);
    if (!ipv4)
        return connect_elsewhere(fd, address, length, &guard);
    bind_release_peer(fd);
    if (is_way_back(fd, &asked, &peer)) {
        int back = connection_make_back(fd, &peer, ntohs(asked.sin_port));
        if (back != -ENETUNREACH)
            return guard_result(&guard, back);
    }
    if (destinations_concern(asked.sin_addr))
        return guard_result(&guard, relayed(fd, &asked, connection_make(fd, &asked)));
    if (sockets_has(fd, SOCKET_FAILED))
        return guard_result(&guard, -background_take_failure(fd));
    if (sockets_has(fd, SOCKET_UPGRADED))
        return guard_result(&guard, connection_make_mapped(fd, &asked));
    if (sockets_find(fd) != NULL && nat64_discovery_joins_race(asked.sin_addr))
        return guard_result(&guard, relayed(fd, &asked, connection_make(fd, &asked)));
    int result = plain_connect(fd, address, length);
    if (result == 0 || errno != ENETUNREACH)
        return result;
    return guard_result(&guard, relayed(fd, &asked, connection_translate(fd, &asked)));
}

/* The fast path: connections that are surely the kernel's, and connect_slow() for all others. What a race leaves
   behind is looked for where races come from, there; close() and socket() look too. */
EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    const int *error = fast_path_errno;
    if (error == NULL || log_wants_trace() || fast_path_wants_all_addresses() ||
        !fast_path_is_ordinary(address, length) ||
        sockets_are_flagged(fd, SOCKET_UPGRADED | SOCKET_RACING | SOCKET_FAILED))
        return connect_slow(fd, address, length);
    return connect_plain(fd, address, length, error);
}

static bool is_native(const struct sockaddr *address, socklen_t length)
{
    return length >= sizeof(struct sockaddr_in6) && length <= sizeof(struct sockaddr_storage) &&
           pointer_can_read(address, length) && address->sa_family == AF_INET6;
}

/* The kernel takes 0.0.0.0 of no family for the wildcard. */
static bool read_bound(const struct sockaddr *address, socklen_t length, struct sockaddr_in *ipv4)
{
    return read_ipv4(address, length, ipv4) ||
           (pointer_read_ipv4(address, length, ipv4) && ipv4->sin_family == AF_UNSPEC &&
            ipv4->sin_addr.s_addr == htonl(INADDR_ANY));
}

static NOINLINE int bind_guarded(int fd, const struct sockaddr *address, socklen_t length)
{
    GUARD(guard);
    struct sockaddr_in wanted;
    struct sockaddr_in6 native;
    fast_path_note_thread();
    if (background_is(fd))
        background_collapse(fd);
    if (guard_may_act())
        sockets_set(sockets_find(fd), SOCKET_BOUND);
    if (is_native(address, length) && guard_may_act()) {
        memcpy(&native, address, sizeof native);
        bind_make_room(fd, &native);
    }
    if (!GUARD_ENTER(guard) || !read_bound(address, length, &wanted) ||
        !(aliases_contains(wanted.sin_addr) || sockets_find(fd) != NULL))
        return REAL(bind)(fd, address, length);
    return guard_result(&guard, bind_make(fd, &wanted));
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    if (is_ready() && fast_path_is_ordinary(address, length) && address->sa_family != AF_INET6 &&
        !sockets_item_is_record(sockets_item(fd)))
        return REAL_BOUND(bind)(fd, address, length);
    return bind_guarded(fd, address, length);
}

typedef int get_name(int fd, struct sockaddr *restrict address, socklen_t *restrict length);

/* A program that only knows IPv4 may have room for sockaddr_in alone, whatever length it passes: on a socket that it
   takes for IPv4 the kernel writes to our own memory. */
static int get_in_shape(get_name *get, int fd, view *shown_as, struct sockaddr *restrict address,
                        socklen_t *restrict length, const void *caller)
{
    if (!pointer_can_write_address(address, length) || !shape_is_ipv4(fd, *length, caller)) {
        int result = get(fd, address, length);
        return result == 0 && shown_as == view_of ? (int)impostor_hide(address, *length, result) : result;
    }
    struct sockaddr nowhere; /* NULL does for an address of no length */
    struct sockaddr_storage full;
    socklen_t full_length = sizeof full;
    int result = get(fd, (struct sockaddr *)&full, &full_length);
    if (result == 0 && full.ss_family == AF_UNIX)
        relay_address_show(fd, get == REAL(getpeername) ? RELAY_PEER : RELAY_OWN, &full, &full_length);
    if (result == 0 && get == REAL(getpeername) && sockets_has(fd, SOCKET_TRANSLATED))
        outbound_show_peer(&full);
    if (result == 0 && get == REAL(getpeername) && full.ss_family == AF_INET6 && sockets_item(fd) == 0)
        relay_insert_inherited(fd);
    if (result == 0 && full_length > 0)
        sockets_learn(fd, full.ss_family);
    if (result == 0 && shown_as == view_of)
        shown_as = loopback_twin_view(fd, &full);
    if (result == 0)
        view_hand_out(&full, full_length, shown_as, address != NULL ? address : &nowhere, length);
    return result;
}

EXPORT int shutdown(int fd, int how)
{
    if (background_is(fd))
        background_collapse(fd);
    if (__builtin_expect(atomic_load_explicit(&race_running, memory_order_relaxed) != 0, 0) && how >= SHUT_RD &&
        how <= SHUT_RDWR && guard_may_act() && race_shut_down(fd))
        return 0;
    return REAL(shutdown)(fd, how);
}

/* Not looked at further: what was made as AF_INET and is that still, and what needs no translation. */
static inline bool name_concerns(int fd)
{
    return !is_ready() || sockets_may_concern(fd, SOCKET_UPGRADED | SOCKET_RACING | SOCKET_TRANSLATED);
}

static NOINLINE int peer_name(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
                              const void *caller)
{
    if (!guard_may_act())
        return REAL(getpeername)(fd, address, length);
    if (!background_is(fd) || !background_goes_on(fd))
        return get_in_shape(REAL(getpeername), fd, view_of, address, length, caller);
    errno = ENOTCONN;
    return -1;
}

EXPORT int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    if (name_concerns(fd))
        return peer_name(fd, address, length, CALLER);
    int result = REAL_BOUND(getpeername)(fd, address, length);
    return result == 0 && impostor_may_be(address, *length) ? (int)impostor_hide(address, *length, result) : result;
}

static NOINLINE int local_name(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
                               const void *caller)
{
    struct sockaddr_storage local;
    socklen_t local_length = sizeof local;
    if (!guard_may_act())
        return REAL(getsockname)(fd, address, length);
    if (background_is(fd) && !pointer_can_write_address(address, length) && background_goes_on(fd)) {
        /* A placeholder has a shorter name, which might fit. */
        errno = pointer_can_write(length, sizeof *length) && (int)*length < 0 ? EINVAL : EFAULT;
        return -1;
    }
    if (background_is(fd) && pointer_can_write_address(address, length) &&
        background_get_name(fd, &local, &local_length) == 0) {
        view_hand_out(&local, local_length, view_of_local, address, length);
        return 0;
    }
    return get_in_shape(REAL(getsockname), fd, view_of_local, address, length, caller);
}

EXPORT int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    return name_concerns(fd) ? local_name(fd, address, length, CALLER) : REAL_BOUND(getsockname)(fd, address, length);
}
