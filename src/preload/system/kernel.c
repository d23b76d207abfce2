/* Asks the kernel about a socket; called before anything is done to one. */
#include "preload/system/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/system/real.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* What the kernel says of another file, or of a socket of another kind; anything else is a shortage or a sandbox. */
static bool is_answer(int error)
{
    return error == -EBADF || error == -ENOTSOCK || error == -ENOPROTOOPT || error == -EOPNOTSUPP;
}

/* Reads an option without a trace in errno. Asked twice where the first time is no answer: much hangs on it. */
static int read_option(int fd, int level, int name, void *value, socklen_t length)
{
    int saved = errno, result = 0;
    for (int tries = 0; tries < 2; tries++) {
        result = REAL(getsockopt)(fd, level, name, value, &length) == 0 ? 0 : -errno;
        if (result == 0 || is_answer(result))
            break;
    }
    errno = saved;
    return result;
}

int kernel_socket_integer(int fd, int name)
{
    int value = 0;
    int result = read_option(fd, SOL_SOCKET, name, &value, sizeof value);
    return result < 0 ? result : value;
}

#define INODE_COOKIE (UINT64_C(1) << 63) /* no cookie of the kernel's is so large */

/* Where SO_COOKIE is refused, or not known yet (before Linux 4.6), the socket's inode number: no other socket has it
   at the same time. */
static uint64_t inode_cookie(int fd)
{
#ifdef SYS_fstat64
    struct stat64 status;
    bool found = syscall(SYS_fstat64, fd, &status) == 0;
#else
    struct stat status;
    bool found = fstat(fd, &status) == 0;
#endif
    return found && S_ISSOCK(status.st_mode) ? INODE_COOKIE | (uint64_t)status.st_ino : 0;
}

uint64_t kernel_socket_cookie(int fd)
{
    uint64_t cookie = 0;
    int saved = errno, result = read_option(fd, SOL_SOCKET, SO_COOKIE, &cookie, sizeof cookie);
    if (result != 0)
        cookie = result == -EBADF || result == -ENOTSOCK ? 0 : inode_cookie(fd);
    errno = saved;
    return cookie;
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
