/*
 * Memory for the sets of a long select(), which is too much for a stack. Not from malloc(), since the caller may be a
 * signal handler: each is a mapping of its own.
 *
 * A handler may jump out of the wait, or the thread may be cancelled in it. So each thread has a list of its rooms,
 * and whoever waits is known by a claim in its stack frame: a seal that is broken as soon as that frame is over and
 * used again. What nobody claims any more is unmapped by the thread's next long select(), or when the thread ends.
 * The frame may be on a stack that is gone, so the kernel compares the seal (as in preload/base/guard.h). A seal that
 * outlives its frame keeps its room a while longer: one for each depth of the stack at most.
 *
 * Async-signal-safe; errno kept. Each function makes a few system calls.
 */
#ifndef V6SHIM_PRELOAD_WAITING_ROOM_H
#define V6SHIM_PRELOAD_WAITING_ROOM_H

#include <stddef.h>
#include <stdint.h>

/* In the frame of the function that waits, which is not left before waiting_room_give_back() but by a jump. */
struct waiting_claim {
    uint32_t seal;
} __attribute__((aligned(8)));

/* Zeroes, aligned for numbers; NULL where no memory is left, or a sandbox gives none. */
void *waiting_room_take(struct waiting_claim *claim, size_t bytes);
void waiting_room_give_back(struct waiting_claim *claim);

/* At the end of a thread. */
void waiting_room_abandon_all(void);

#endif
