/*
 * Putting another socket under the numbers that the program has for one: what upgrading, giving back and the end of a
 * race have in common. Async-signal-safe; the caller has blocked signals, so that no handler sees half of it.
 */
#ifndef V6SHIM_PRELOAD_SOCKET_REPLACE_H
#define V6SHIM_PRELOAD_SOCKET_REPLACE_H

#include "preload/socket/sockets.h"

/*
 * Puts `socket` under `fd` and under every duplicate of it that is known, and closes `socket`'s own number. Status
 * flags, owner and signal of SIGIO, close-on-exec and epoll registrations stay as they were. A number whose file is
 * not the same socket any more (closed behind our back) is left alone. Returns 0, or -errno where not even `fd` could
 * be replaced; `socket` is then still open.
 */
int replace_socket(int fd, struct socket_record *record, int socket);

#endif
