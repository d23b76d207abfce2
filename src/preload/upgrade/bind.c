/* Decides what bind() and listen() bind, and gives ports back; called by their hooks. */
#include "preload/upgrade/bind.h"

#include <errno.h>
#include <stdatomic.h>

#include "preload/alias/aliases.h"
#include "preload/base/ready.h"
#include "preload/log/log.h"
#include "preload/peers/listen_map.h"
#include "preload/resolve/aware.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/settings.h"
#include "preload/upgrade/server_log.h"
#include "preload/upgrade/upgrade.h"

/* Sockets bound to the wildcard of both families so far: where there are none, nobody looks for them. */
static _Atomic unsigned wildcards_made;

static const struct in6_addr any = IN6ADDR_ANY_INIT;

void bind_note_wildcard(struct socket_record *record)
{
    sockets_set(record, SOCKET_WILDCARD);
    atomic_fetch_add(&wildcards_made, 1);
}

static int bind_to(int fd, const struct ip_address *address, uint16_t port)
{
    struct sockaddr_storage socket_address;
    socklen_t length = address_to_sockaddr(address, port, &socket_address);
    return REAL(bind)(fd, (const struct sockaddr *)&socket_address, length) == 0 ? 0 : -errno;
}

static int bind_to_alias(int fd, struct in_addr alias, uint16_t port)
{
    struct ip_address ipv6;
    if (!aliases_find_address(alias, &ipv6))
        return -EADDRNOTAVAIL;
    if (sockets_has(fd, SOCKET_UPGRADED))
        return bind_to(fd, &ipv6, port);
    int result = upgrade_and_bind(fd, &ipv6, port, true, NULL);
    return result == -EAFNOSUPPORT || result == -EISCONN ? -EADDRNOTAVAIL : result;
}

/* -EAGAIN where IPv4 is to be bound as if we were not there. */
static int bind_wildcard(int fd, uint16_t port)
{
    const struct settings *settings = settings_current();
    struct ip_address wildcard = address_ipv6(&any, 0);
    enum upgrade_step step;
    const char *why = settings->listen == LISTEN_INET       ? "listen is set to inet"
                      : settings->families == FAMILIES_INET ? "families is set to inet"
                      : aware_is()                          ? "the program speaks IPv6 itself"
                                                            : NULL;
    if (why != NULL) {
        struct ip_address ipv4 = address_ipv4((struct in_addr){.s_addr = htonl(INADDR_ANY)});
        server_log_left_alone(fd, &ipv4, port, why);
        return -EAGAIN;
    }
    aliases_prepare();
    int result = upgrade_and_bind(fd, &wildcard, port, settings->listen == LISTEN_MAPPED, &step);
    if (result == 0) {
        bind_note_wildcard(sockets_find(fd));
        return 0;
    }
    if (settings->listen == LISTEN_INET6 && result != -EAFNOSUPPORT)
        return result;
    server_log_keep(sockets_find(fd), step, -result);
    return -EAGAIN;
}

/* What the administrator put in the place of an IPv4 address; -EAGAIN where this socket or host can't have it. */
static int bind_in_place(int fd, const struct ip_address *ipv6, uint16_t port)
{
    if (sockets_has(fd, SOCKET_UPGRADED))
        return bind_to(fd, ipv6, port);
    int result = upgrade_and_bind(fd, ipv6, port, false, NULL);
    return result == -EAFNOSUPPORT || result == -EISCONN ? -EAGAIN : result;
}

static int bind_upgraded(int fd, const struct ip_address *ipv4, uint16_t port)
{
    struct ip_address address = address_is_unspecified(ipv4) ? address_ipv6(&any, 0) : address_map(ipv4->ipv4);
    return bind_to(fd, &address, port);
}

int bind_make(int fd, const struct sockaddr_in *wanted)
{
    int saved = errno, result = -EAGAIN;
    struct ip_address ipv4 = address_ipv4(wanted->sin_addr);
    uint16_t port = ntohs(wanted->sin_port);
    log_keep_file();
    struct ip_address in_place;
    bool is_wildcard = address_is_unspecified(&ipv4);
    if (listen_map_find(ipv4.ipv4, &in_place) && settings_current()->families != FAMILIES_INET) {
        aliases_prepare();
        is_wildcard = false;
        result = bind_in_place(fd, &in_place, port);
    } else if (aliases_contains(wanted->sin_addr))
        result = bind_to_alias(fd, wanted->sin_addr, port);
    else if (sockets_has(fd, SOCKET_UPGRADED))
        result = bind_upgraded(fd, &ipv4, port);
    else if (is_wildcard)
        result = bind_wildcard(fd, port);
    else
        server_log_left_alone(fd, &ipv4, port, "that is one address, not the wildcard");
    if (result == -EAGAIN)
        result = bind_to(fd, &ipv4, port);
    if (result == 0)
        sockets_set(sockets_find(fd), (is_wildcard ? 0 : SOCKET_FAMILY_FIXED) | (port != 0 ? SOCKET_PORT_KEPT : 0));
    if (result == 0 && is_wildcard && !sockets_has(fd, SOCKET_STREAM))
        server_log_bound(fd, port);
    errno = saved;
    return result;
}

struct room {
    in_port_t port;
    bool stream;
};

static void give_back_if_in_the_way(int fd, void *context)
{
    const struct room *room = context;
    struct sockaddr_in6 bound;
    socklen_t length = sizeof bound;
    if (sockets_has(fd, SOCKET_STREAM) == room->stream &&
        REAL(getsockname)(fd, (struct sockaddr *)&bound, &length) == 0 && bound.sin6_family == AF_INET6 &&
        bound.sin6_port == room->port && upgrade_give_back(fd) == 0)
        server_log_given_back(room->port);
}

void bind_make_room(int fd, const struct sockaddr_in6 *wanted)
{
    if (atomic_load_explicit(&wildcards_made, memory_order_relaxed) == 0 || wanted->sin6_port == 0)
        return;
    int saved = errno;
    struct room room = {wanted->sin6_port, kernel_socket_integer(fd, SO_TYPE) == SOCK_STREAM};
    sockets_each_with(SOCKET_UPGRADED | SOCKET_WILDCARD, give_back_if_in_the_way, &room);
    errno = saved;
}

void bind_release_peer(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    uint32_t flags = record != NULL ? atomic_load(&record->flags) : 0;
    if ((flags & (SOCKET_UPGRADED | SOCKET_STREAM | SOCKET_FAMILY_FIXED)) != SOCKET_UPGRADED)
        return;
    int saved = errno;
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    struct ip_address address;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 &&
        address_from_sockaddr((const struct sockaddr *)&local, length, &address, NULL) &&
        !address_is_unspecified(&address)) {
        int renewed = (flags & SOCKET_PORT_KEPT) != 0 ? -EADDRINUSE : upgrade_renew(fd);
        /* With a peer over IPv6 it has an IPv6 address only: where somebody has the port on one of IPv4 by now, it
           takes another one. */
        if (renewed < 0 && renewed != -EBUSY)
            REAL(connect)(fd, &nowhere, sizeof nowhere);
    }
    errno = saved;
}

void bind_prepare_listening(int fd)
{
    const struct socket_record *record = sockets_find(fd);
    uint32_t flags = record != NULL ? atomic_load(&record->flags) : 0;
    struct sockaddr_in local;
    socklen_t length = sizeof local;
    if ((flags & (SOCKET_STREAM | SOCKET_UPGRADED | SOCKET_FAMILY_FIXED | SOCKET_LISTENING)) != SOCKET_STREAM ||
        settings_current()->listen == LISTEN_INET || aware_is())
        return;
    int saved = errno;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) == 0 && local.sin_family == AF_INET &&
        local.sin_addr.s_addr == htonl(INADDR_ANY) && local.sin_port == 0)
        bind_make(fd, &local);
    errno = saved;
}

void bind_note_listening(int fd, int backlog)
{
    struct socket_record *record = sockets_find(fd);
    if (record == NULL)
        return;
    atomic_store(&record->backlog, backlog);
    sockets_set(record, SOCKET_LISTENING);
    /* A server may serve each client in a child that clone(2) makes. */
    if ((atomic_load(&record->flags) & SOCKET_UPGRADED) != 0)
        ready_watch_copies();
}
