#include "runtime/attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "runtime/kernel.h"
#include "runtime/option_twins.h"
#include "runtime/real.h"

/* Our numbers begin here, or in the upper half of a smaller limit. Beyond what select() can hold. */
#define HIGH_NUMBERS 1024

int attempts_move_high(int fd)
{
    struct rlimit limit;
    int saved = errno, base = HIGH_NUMBERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS)
        base = (int)(limit.rlim_cur / 2);
    int moved = fd < base ? REAL(fcntl)(fd, F_DUPFD_CLOEXEC, base) : -1;
    if (moved >= 0)
        REAL(close)(fd);
    errno = saved;
    return moved >= 0 ? moved : fd;
}

static int furnish(const struct socket_record *record, int family, int socket)
{
    int off = 0;
    if (family == AF_INET6 && REAL(setsockopt)(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return -errno;
    return record != NULL ? sockets_replay(record, socket) : 0;
}

int attempts_start(const struct socket_record *record, const struct ip_address *candidate, uint16_t port, int *socket)
{
    *socket = -1;
    int made = REAL(socket)(candidate->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (made < 0)
        return -errno;
    made = attempts_move_high(made);
    struct sockaddr_storage address;
    socklen_t length = address_to_sockaddr(candidate, port, &address);
    int result = furnish(record, candidate->family, made);
    if (result == 0)
        result = REAL(connect)(made, (const struct sockaddr *)&address, length) == 0 ? 0 : -errno;
    if (result == 0 || result == -EINPROGRESS)
        *socket = made;
    else
        REAL(close)(made);
    return result;
}

int attempts_result(int socket)
{
    int error = kernel_socket_integer(socket, SO_ERROR);
    if (error != 0)
        return error < 0 ? error : -error;
    return kernel_tcp_state(socket) == TCP_SYN_SENT ? -EINPROGRESS : 0;
}
