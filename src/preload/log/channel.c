/* Writes lines into the FIFO of a command that listens; called by the trace and by the observer. */
#include "preload/log/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/linker/start.h"
#include "preload/base/critical_section.h"
#include "preload/base/raw_file.h"
#include "preload/log/quiet_write.h"

#define HIGH_NUMBERS 1024 /* the descriptor's, or in the upper half of a smaller limit */

START_CODE bool channel_start(struct channel *channel, const char *path)
{
    size_t length = path != NULL ? strlen(path) : 0;
    if (length == 0 || length >= sizeof channel->path)
        return false;
    memcpy(channel->path, path, length + 1);
    atomic_store(&channel->descriptor, CHANNEL_CLOSED);
    return true;
}

/* Numbers may be closed by the program, and given to files of its own. */
static bool is_ours(const struct channel *channel, int fd, bool *removed, mode_t *mode)
{
    struct stat status;
    if (fd == CHANNEL_CLOSED || fstat(fd, &status) != 0 || status.st_dev != atomic_load(&channel->device) ||
        status.st_ino != atomic_load(&channel->inode))
        return false;
    *removed = status.st_nlink == 0;
    *mode = status.st_mode;
    return true;
}

static int move_high(int fd)
{
    struct rlimit limit;
    bool small = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= 2 * HIGH_NUMBERS;
    int moved = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, small ? (int)(limit.rlim_cur / 2) : HIGH_NUMBERS);
    raw_close(fd);
    return moved < 0 ? CHANNEL_CLOSED : moved;
}

/* For reading too: a FIFO whose reader has gone then takes what still fits, and says nothing. Not through a link:
   where others can make files, one under that name could lead to a file of this user's. */
static int open_path(struct channel *channel, bool *gone, mode_t *mode)
{
    struct stat status;
    int fd = raw_openat(AT_FDCWD, channel->path, O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == EINTR))
        return CHANNEL_CLOSED;
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_nlink > 1 ||
        !(S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode))) {
        if (fd >= 0)
            raw_close(fd);
        *gone = true;
        return CHANNEL_CLOSED;
    }
    *mode = status.st_mode;
    atomic_store(&channel->device, status.st_dev);
    atomic_store(&channel->inode, status.st_ino);
    return move_high(fd);
}

static int reopen(struct channel *channel, int old, bool *gone, mode_t *mode)
{
    struct critical_section section;
    critical_section_enter(&section);
    int fd = open_path(channel, gone, mode);
    if (fd != CHANNEL_CLOSED && !atomic_compare_exchange_strong(&channel->descriptor, &old, fd)) {
        raw_close(fd); /* another thread was quicker */
        fd = old;
    }
    critical_section_leave(&section);
    return fd;
}

enum channel_outcome channel_write(struct channel *channel, const struct text *line, bool may_open)
{
    int saved = errno, fd = atomic_load(&channel->descriptor);
    bool removed = false;
    mode_t mode = 0;
    if (!is_ours(channel, fd, &removed, &mode))
        fd = may_open ? reopen(channel, fd, &removed, &mode) : CHANNEL_CLOSED;
    else if (removed && may_open && atomic_compare_exchange_strong(&channel->descriptor, &fd, CHANNEL_CLOSED))
        raw_close(fd);
    bool written = !removed && fd != CHANNEL_CLOSED && quiet_write(fd, mode, line->data, line->length);
    errno = saved;
    return written ? CHANNEL_WRITTEN : removed ? CHANNEL_GONE : CHANNEL_FULL;
}
