/* Makes and connects the sockets of a race; called by both kinds of race. */
#include "preload/connect/attempts.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>

#include "core/address/transport.h"
#include "preload/socket/holders.h"
#include "preload/system/high_fd.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"
#include "preload/system/sources.h"
#include "preload/upgrade/port_share.h"

bool attempts_read_original(int fd, bool as_made, struct original *original)
{
    struct sockaddr_storage local;
    socklen_t length = sizeof local;
    *original = (struct original){.fd = fd,
                                  .record = sockets_find(fd),
                                  .family = AF_INET,
                                  .address = address_ipv4((struct in_addr){INADDR_ANY}),
                                  .port = 0};
    if (holders_include_others(fd))
        return false;
    if (as_made)
        return true;
    if (REAL(getsockname)(fd, (struct sockaddr *)&local, &length) != 0 ||
        !address_from_sockaddr((const struct sockaddr *)&local, length, &original->address, &original->port))
        return false;
    original->family = original->address.family;
    if (!sockets_chose_port(original->record, original->port))
        original->port = 0;
    original->address = address_unmap(&original->address);
    return true;
}

static bool is_bound(const struct original *original)
{
    return original->port != 0 || !address_is_unspecified(&original->address);
}

bool attempts_may_reach(const struct original *original, const struct ip_address *candidate)
{
    return address_is_unspecified(&original->address) || candidate->family == original->address.family;
}

static void set_reuse(int socket, int on)
{
    REAL(setsockopt)(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

/* Others are to share it after this one. */
static int share_port(const struct original *original, int socket, sa_family_t family)
{
    struct ip_address address = {.family = family};
    struct sockaddr_storage local;
    struct port_share share;
    if (!address_is_unspecified(&original->address))
        address = original->address;
    socklen_t length = address_to_sockaddr(&address, original->port, &local);
    port_share_begin(&share, original->fd, socket);
    int result = port_share_bind(&share, (const struct sockaddr *)&local, length) == 0 ? 0 : -ENOTSUP;
    port_share_end(&share);
    set_reuse(socket, 1);
    return result;
}

void attempts_commit(const struct original *original, int socket)
{
    if (is_bound(original))
        set_reuse(socket, kernel_socket_integer(original->fd, SO_REUSEPORT) > 0);
}

static int apply_options(const struct original *original, sa_family_t family, int socket)
{
    int off = 0, result = 0;
    if (family == AF_INET6 && REAL(setsockopt)(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return -errno;
    if (family == AF_INET6)
        sources_prefer(socket);
    if (original->record != NULL)
        result = sockets_replay(original->record, socket);
    return result == 0 && is_bound(original) ? share_port(original, socket, family) : result;
}

static int protocol_of(const struct original *original)
{
    if (original->record != NULL)
        return atomic_load(&original->record->protocol);
    int protocol = kernel_socket_integer(original->fd, SO_PROTOCOL);
    return transport_is(SOCK_STREAM, protocol) ? protocol : IPPROTO_TCP;
}

int attempts_make(const struct original *original, sa_family_t family)
{
    int saved = errno;
    int made = REAL(socket)(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol_of(original));
    int result = made < 0 ? -errno : 0;
    if (result == 0) {
        made = high_fd_move(made);
        result = apply_options(original, family, made);
        if (result < 0)
            REAL(close)(made);
    }
    errno = saved;
    return result < 0 ? result : made;
}

int attempts_connect(int socket, const struct ip_address *candidate, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t length = address_to_sockaddr(candidate, port, &address);
    return REAL(connect)(socket, (const struct sockaddr *)&address, length) == 0 ? 0 : -errno;
}

int attempts_result(int socket)
{
    int state = kernel_tcp_state(socket);
    if (state == TCP_ESTABLISHED || state == TCP_SYN_SENT)
        return state == TCP_ESTABLISHED ? 0 : -EINPROGRESS;
    int error = kernel_socket_integer(socket, SO_ERROR);
    return error < 0 ? error : -error;
}
