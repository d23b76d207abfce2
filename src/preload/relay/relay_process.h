/*
 * The process of a relay: it reads what one side sends, has it filtered, and writes it to the other, until both have
 * ended.
 *
 * Why a process, and not a thread: what the program does to its descriptor passes through no hook (stdio and libc's
 * own functions use it), so that somebody has to carry the bytes while the program does something else; and a server
 * hands the descriptor to a child by fork() and exec(), or ends while its last bytes are under way. A thread would be
 * gone with each of these. The process is no child of the program's (wait() sees nothing of it), has no descriptor
 * but the two, all signals blocked, and a session of its own, so that Ctrl-C at the terminal is the program's alone.
 * It has given up root where it had that, and a filter allows it no system call but those of its loop.
 *
 * A program that is given orphans (process 1, or by PR_SET_CHILD_SUBREAPER) would be given the relay, and wait()
 * would tell it of a child that it never made. There the relay is a child without a signal, which wait() doesn't see
 * (__WCLONE); what is left of it when it has ended stays until the next relay starts. It has 512 at most.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_PROCESS_H
#define V6SHIM_PRELOAD_RELAY_RELAY_PROCESS_H

#include "preload/relay/relay_pump.h"

/*
 * Starts it for two sockets, which it has from then on: the caller closes its own. Cancellation has to be off and all
 * signals blocked. 0 or -errno (-EAGAIN where there are too many); errno kept. Async-signal-safe; the caller waits
 * for one fork, which copies its page tables.
 */
int relay_process_start(const struct relay_work *work);

#endif
