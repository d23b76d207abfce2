/* Servers. */
#include <sys/socket.h>

#include "preload/base/guard.h"
#include "preload/base/hook.h"
#include "preload/base/pointer.h"
#include "preload/peers/accept.h"
#include "preload/peers/impostor.h"
#include "preload/peers/loopback_twin.h"
#include "preload/peers/view.h"
#include "preload/relay/relay.h"
#include "preload/socket/sockets.h"
#include "preload/system/real.h"
#include "preload/upgrade/bind.h"
#include "preload/upgrade/server_log.h"
#include "preload/upgrade/shape.h"

static NOINLINE int listen_noted(int fd, int backlog)
{
    if (guard_may_act())
        bind_prepare_listening(fd);
    int result = REAL(listen)(fd, backlog);
    if (result == 0 && guard_may_act()) {
        server_log_listening(fd);
        bind_note_listening(fd, backlog);
        relay_note_listening(fd);
    }
    return result;
}

EXPORT int listen(int fd, int backlog)
{
    if (is_ready() && !sockets_item_is_record(sockets_item(fd)))
        return REAL_BOUND(listen)(fd, backlog);
    return listen_noted(fd, backlog);
}

/* After an accept() into room of our own. */
static int hand_out(int listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_length,
                    struct sockaddr *address, socklen_t *length, const void *caller)
{
    if (fd < 0)
        return fd;
    socklen_t room = length != NULL ? *length : 0;
    sockets_learn(listener, peer_length > 0 ? peer->ss_family : AF_UNSPEC);
    bool ipv4_shape = peer->ss_family == AF_INET6 && shape_is_ipv4(listener, room, caller);
    view *shown_as = ipv4_shape ? loopback_twin_view(fd, peer) : NULL;
    view_hand_out(peer, peer_length, shown_as, address, length);
    server_log_accepted(fd, peer, shown_as);
    accept_note(listener, fd, peer, ipv4_shape);
    if (ipv4_shape && sockets_has(listener, SOCKET_RELAYS))
        relay_insert(fd, RELAY_FTP_SERVER);
    return fd;
}

/* The kernel judges a bad length: it gets the program's own arguments then. */
static bool is_ours(int fd, const struct sockaddr *address, const socklen_t *length)
{
    return guard_may_act() && accept_concerns(fd) && (address == NULL || pointer_can_write_address(address, length));
}

static inline int note_plain(int listener, int accepted, struct sockaddr *address, const socklen_t *length)
{
    if (accepted >= 0)
        sockets_copy_kind(listener, accepted);
    return accepted >= 0 && address != NULL && impostor_may_be(address, *length)
               ? (int)impostor_hide(address, *length, accepted)
               : accepted;
}

static NOINLINE int accept_translated(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
                                      const void *caller)
{
    if (!is_ours(fd, address, length))
        return note_plain(fd, REAL(accept)(fd, address, length), address, length);
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof peer;
    peer.ss_family = AF_UNSPEC;
    int accepted = REAL(accept)(fd, (struct sockaddr *)&peer, &peer_length);
    return hand_out(fd, accepted, &peer, peer_length, address, length, caller);
}

EXPORT int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    if (is_ready() && !sockets_may_concern(fd, SOCKET_UPGRADED))
        return note_plain(fd, REAL_BOUND(accept)(fd, address, length), address, length);
    return accept_translated(fd, address, length, CALLER);
}

static NOINLINE int accept4_translated(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
                                       int flags, const void *caller)
{
    if (!is_ours(fd, address, length))
        return note_plain(fd, REAL(accept4)(fd, address, length, flags), address, length);
    struct sockaddr_storage peer;
    socklen_t peer_length = sizeof peer;
    peer.ss_family = AF_UNSPEC;
    int accepted = REAL(accept4)(fd, (struct sockaddr *)&peer, &peer_length, flags);
    return hand_out(fd, accepted, &peer, peer_length, address, length, caller);
}

EXPORT int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags)
{
    if (is_ready() && !sockets_may_concern(fd, SOCKET_UPGRADED))
        return note_plain(fd, REAL_BOUND(accept4)(fd, address, length, flags), address, length);
    return accept4_translated(fd, address, length, flags, CALLER);
}
