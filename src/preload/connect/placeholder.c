/* Makes the socket that stands under the number of a race; called by preload/connect/background*.c. */
#include "preload/connect/placeholder.h"

#include <errno.h>
#include <sys/socket.h>

#include "preload/system/high_fd.h"
#include "preload/system/real.h"

#define CHUNK 1024

int placeholder_make(int *end, int *peer)
{
    static const char filling[CHUNK];
    int pair[2], least = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    *end = high_fd_move(pair[0]);
    *peer = high_fd_move(pair[1]);
    REAL(setsockopt)(*end, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    while (REAL(send)(*end, filling, sizeof filling, MSG_NOSIGNAL) > 0)
        continue;
    if (errno == EAGAIN)
        return 0;
    int error = errno; /* with room left it would look connected */
    REAL(close)(*end);
    REAL(close)(*peer);
    return -error;
}

void placeholder_release(int peer)
{
    REAL(shutdown)(peer, SHUT_RDWR);
    REAL(close)(peer);
}
