/*
 * Writing what nobody asked for, a log line or an event, to a descriptor that is the program's or leads to anybody's
 * file: the program must not notice. No signal comes of it, it does not wait, and what does not fit is left out.
 */
#ifndef V6SHIM_PRELOAD_LOG_QUIET_WRITE_H
#define V6SHIM_PRELOAD_LOG_QUIET_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Writes at most PIPE_BUF bytes in one piece; true where all of them were written. `mode` is that of the descriptor's
 * file, as fstat() gives it.
 *
 * - A pipe without reader: SIGPIPE is held off and taken back, unless one was pending before. The same for SIGXFSZ of
 * a file that may not grow (RLIMIT_FSIZE).
 * - A full pipe, a terminal that is stopped: the kernel is told not to wait (RWF_NOWAIT, Linux 4.14), or asked first,
 *   where it can't be told (a FIFO, a terminal). Asked is as good as told but for another writer that comes between.
 * - A socket: MSG_DONTWAIT and MSG_NOSIGNAL.
 * - A regular file is written as any other: it waits for its disk as long as the program's own writes do.
 *
 * Async-signal-safe, direct system calls alone; errno is the error's, where it fails.
 */
bool quiet_write(int fd, mode_t mode, const void *data, size_t size);

#endif
