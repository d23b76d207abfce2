/* Names the ends of relays, and reads the names; called by relay.c and by hooks that show addresses. */
#include "preload/relay/relay_address.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/base/clock.h"
#include "preload/socket/sockets.h"
#include "preload/system/kernel.h"
#include "preload/system/real.h"

#define TRIES 4

/* Unique enough: the cookie is, on this host, until it is started again; the clock makes it so beside kernels that
   don't tell one. */
static uint64_t unique_number(int socket)
{
    return kernel_socket_cookie(socket) ^ (uint64_t)clock_now_us() << 24;
}

static int give_name(int socket, enum relay_side side, const struct sockaddr_storage *of, uint64_t unique)
{
    struct ip_address address;
    uint16_t port;
    struct sockaddr_un name;
    if (!address_from_sockaddr((const struct sockaddr *)of, sizeof *of, &address, &port) ||
        address.family != AF_INET6)
        return -EAFNOSUPPORT;
    socklen_t length = relay_name_write(side, &address, port, unique, &name);
    return REAL(bind)(socket, (const struct sockaddr *)&name, length) == 0 ? 0 : -errno;
}

int relay_address_give(int program, int relay, const struct sockaddr_storage *own,
                       const struct sockaddr_storage *peer)
{
    int saved = errno, result = -EADDRINUSE;
    uint64_t unique = unique_number(relay);
    for (int i = 0; i < TRIES && result == -EADDRINUSE; i++)
        result = give_name(relay, RELAY_PEER, peer, ++unique);
    if (result == 0)
        result = give_name(program, RELAY_OWN, own, unique);
    errno = saved;
    return result;
}

#ifdef SYS_getuid32
#define GET_USER SYS_getuid32
#else
#define GET_USER SYS_getuid
#endif

/* This process has made the pair, or root or its own user has. Not the effective user: a daemon of root's takes that
   of others for a while, who could give it a socket then. */
static bool is_trusted(int fd)
{
    struct ucred maker;
    socklen_t length = sizeof maker;
    return sockets_has(fd, SOCKET_RELAYED) ||
           (REAL(getsockopt)(fd, SOL_SOCKET, SO_PEERCRED, &maker, &length) == 0 && length == sizeof maker &&
            (maker.uid == 0 || maker.uid == (uid_t)syscall(GET_USER)));
}

bool relay_address_show(int fd, enum relay_side side, struct sockaddr_storage *full, socklen_t *length)
{
    struct ip_address address;
    uint16_t port;
    if (full->ss_family != AF_UNIX ||
        !relay_name_read((const struct sockaddr_un *)full, *length, side, &address, &port))
        return false;
    int saved = errno;
    bool trusted = is_trusted(fd);
    if (trusted)
        *length = address_to_sockaddr(&address, port, full);
    errno = saved;
    return trusted;
}

bool relay_address_is(int fd)
{
    int saved = errno;
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    bool is = kernel_socket_integer(fd, SO_DOMAIN) == AF_UNIX &&
              REAL(getsockname)(fd, (struct sockaddr *)&name, &length) == 0 &&
              relay_address_show(fd, RELAY_OWN, &name, &length);
    errno = saved;
    return is;
}
