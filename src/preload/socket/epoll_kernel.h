/*
 * What the kernel knows of epoll sets. A registration that is made by epoll_ctl() is on record (sockets.h); one that
 * is made by a direct system call, or through io_uring, as libuv does, passes by every hook.
 *
 * Async-signal-safe, no lock, nothing allocated; errno kept.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_EPOLL_KERNEL_H
#define V6SHIM_PRELOAD_SOCKET_EPOLL_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* The numbers of the program's epoll sets, as far as it has used them: a bit for each. Larger numbers are not known.
 */
#define EPOLL_KERNEL_NUMBERS 16384u
#define EPOLL_KERNEL_BITS    64u
extern _Atomic uint64_t epoll_kernel_sets[EPOLL_KERNEL_NUMBERS / EPOLL_KERNEL_BITS];
void epoll_kernel_add(unsigned epoll);

/* The program uses this set. In every wait, so it costs a load. */
static inline void epoll_kernel_note(int epoll)
{
    if ((unsigned)epoll < EPOLL_KERNEL_NUMBERS &&
        (atomic_load_explicit(&epoll_kernel_sets[(unsigned)epoll / EPOLL_KERNEL_BITS], memory_order_relaxed) >>
             ((unsigned)epoll % EPOLL_KERNEL_BITS) &
         1) == 0)
        epoll_kernel_add((unsigned)epoll);
}

/* The next set that is known, at or after a number; -1: none. */
int epoll_kernel_next(int from);

/* Whether a set holds the file that is open as `file` now, registered under `number` (the same, or the number that it
   had then). One system call; more where a sandbox forbids kcmp(2). */
bool epoll_kernel_holds(int epoll, int number, int file);

/* How a number is registered in a set. False where it isn't, or /proc does not say. Reads a file that is as long as
   the set. */
bool epoll_kernel_read(int epoll, int number, struct epoll_event *event);

#endif
