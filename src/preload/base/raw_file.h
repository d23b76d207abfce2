/*
 * Opening and closing files of our own, past our own hooks and those of other preloads: what the program or another
 * preload keeps on record about its descriptors is not to hear of these. (So that the thread sanitizer hears of both
 * or of neither, opening is raw too.) Async-signal-safe; -1 and errno as libc has it.
 */
#ifndef V6SHIM_PRELOAD_BASE_RAW_FILE_H
#define V6SHIM_PRELOAD_BASE_RAW_FILE_H

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int raw_openat(int directory, const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, directory, path, flags | O_CLOEXEC | O_LARGEFILE, mode);
}

static inline void raw_close(int fd)
{
    syscall(SYS_close, fd);
}

#endif
