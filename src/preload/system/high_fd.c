/* Moves descriptors of ours to high numbers; called wherever one stays open. */
#include "preload/system/high_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "preload/system/real.h"

/* Our numbers begin here, or in the upper half of a smaller limit. Beyond what select() can hold. */
#define HIGH_NUMBERS 1024

/* Asked once: where the limit is lowered later, our descriptors stay where they were made. */
static int high_base(void)
{
    static _Atomic int known;
    int base = atomic_load_explicit(&known, memory_order_relaxed);
    if (base != 0)
        return base;
    struct rlimit limit;
    bool small = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS;
    base = small ? (int)(limit.rlim_cur / 2) : HIGH_NUMBERS;
    atomic_store_explicit(&known, base, memory_order_relaxed);
    return base;
}

int high_fd_copy(int fd)
{
    int saved = errno, result = REAL(fcntl)(fd, F_DUPFD_CLOEXEC, high_base());
    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

int high_fd_move(int fd)
{
    int moved = fd < high_base() ? high_fd_copy(fd) : -EINVAL;
    if (moved < 0)
        return fd;
    REAL(close)(fd);
    return moved;
}
