/* Writes without a signal and without waiting; called by the log and the channel. */
#include "preload/log/quiet_write.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/* Signal sets as the kernel has them: a bit for each signal. */
typedef uint64_t kernel_set;
#define BIT_OF(number) ((kernel_set)1 << ((number)-1))
#define RAISED         (BIT_OF(SIGPIPE) | BIT_OF(SIGXFSZ)) /* both are sent to the thread that writes */

/* Whether it can be written to at once. Where the kernel can't say, it is not. */
static bool has_room(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLOUT};
    struct timespec none = {0};
    return syscall(SYS_ppoll, &polled, 1, &none, NULL, sizeof(kernel_set)) == 1 && (polled.revents & POLLOUT) != 0;
}

static long write_now(int fd, mode_t mode, const void *data, size_t size)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    if (S_ISREG(mode))
        return syscall(SYS_write, fd, data, size);
    long written = syscall(SYS_pwritev2, fd, &part, 1L, -1L, -1L, RWF_NOWAIT);
    if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
        return written;
    errno = EAGAIN;
    return has_room(fd) ? syscall(SYS_write, fd, data, size) : -1;
}

bool quiet_write(int fd, mode_t mode, const void *data, size_t size)
{
    kernel_set raised = RAISED, before, pending = 0;
    struct timespec none = {0};
    if (S_ISSOCK(mode))
        return syscall(SYS_sendto, fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0L) == (long)size;
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &raised, &before, sizeof raised) != 0)
        return false;
    syscall(SYS_rt_sigpending, &pending, sizeof pending);
    long written = write_now(fd, mode, data, size);
    int error = errno;
    raised &= ~pending;
    if (written < 0 && (error == EPIPE || error == EFBIG) && raised != 0)
        syscall(SYS_rt_sigtimedwait, &raised, NULL, &none, sizeof raised);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    errno = error;
    return written == (long)size;
}
