/* Lets two sockets of ours share a port for a moment; called by upgrades and races. */
#include "preload/upgrade/port_share.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/system/kernel.h"
#include "preload/system/real.h"

static void set(int socket, int name, int value)
{
    if (value >= 0)
        REAL(setsockopt)(socket, SOL_SOCKET, name, &value, sizeof value);
}

/* SO_REUSEADDR on the second one alone lets it pass connections in TIME_WAIT. The first one, which lacks it where the
   program has not set it, is still in the way of everybody else. */
void port_share_begin(struct port_share *share, int holder, int socket)
{
    int saved = errno;
    *share = (struct port_share){.holder = holder,
                                 .socket = socket,
                                 .holder_port = kernel_socket_integer(holder, SO_REUSEPORT),
                                 .socket_port = kernel_socket_integer(socket, SO_REUSEPORT),
                                 .socket_address = kernel_socket_integer(socket, SO_REUSEADDR)};
    set(holder, SO_REUSEPORT, 1);
    set(socket, SO_REUSEPORT, 1);
    set(socket, SO_REUSEADDR, 1);
    errno = saved;
}

/* A socket belongs to who the process was when it was made, unless its owner is changed: root may. */
static bool gave_same_owner(int from, int to)
{
    struct stat wanted, given;
    return fstat(from, &wanted) == 0 && fstat(to, &given) == 0 && wanted.st_uid != given.st_uid &&
           fchown(to, wanted.st_uid, (gid_t)-1) == 0;
}

int port_share_bind(const struct port_share *share, const struct sockaddr *address, socklen_t length)
{
    int saved = errno;
    int result = REAL(bind)(share->socket, address, length) == 0 ? 0 : -errno;
    if (result == -EADDRINUSE && gave_same_owner(share->holder, share->socket))
        result = REAL(bind)(share->socket, address, length) == 0 ? 0 : -errno;
    errno = saved;
    return result;
}

void port_share_end(const struct port_share *share)
{
    int saved = errno;
    set(share->socket, SO_REUSEADDR, share->socket_address);
    set(share->socket, SO_REUSEPORT, share->socket_port);
    set(share->holder, SO_REUSEPORT, share->holder_port);
    errno = saved;
}
