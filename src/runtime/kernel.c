#include "runtime/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>

#include "runtime/real.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* Reads an option without a trace in errno. */
static int read_option(int fd, int level, int name, void *value, socklen_t length)
{
    int saved = errno;
    int result = REAL(getsockopt)(fd, level, name, value, &length) == 0 ? 0 : -errno;
    errno = saved;
    return result;
}

int kernel_socket_integer(int fd, int name)
{
    int value = 0;
    int result = read_option(fd, SOL_SOCKET, name, &value, sizeof value);
    return result < 0 ? result : value;
}

uint64_t kernel_socket_cookie(int fd)
{
    uint64_t cookie = 0;
    return read_option(fd, SOL_SOCKET, SO_COOKIE, &cookie, sizeof cookie) == 0 ? cookie : 0;
}

int kernel_tcp_state(int fd)
{
    /* Only the first byte of struct tcp_info is asked for: the kernel gives as much as there is room. */
    unsigned char state = 0;
    int result = read_option(fd, IPPROTO_TCP, TCP_INFO, &state, sizeof state);
    return result < 0 ? result : state;
}

bool kernel_is_nonblocking(int fd)
{
    int saved = errno;
    int flags = REAL(fcntl)(fd, F_GETFL);
    errno = saved;
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}
