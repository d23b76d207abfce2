/*
 * What the kernel says about a socket: the truth that the tables are checked against. System calls, one each; no
 * lock; async-signal-safe; results are 0 or more, or -errno, and errno is kept.
 */
#ifndef V6SHIM_PRELOAD_SYSTEM_KERNEL_H
#define V6SHIM_PRELOAD_SYSTEM_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An option of level SOL_SOCKET that is an int: SO_DOMAIN, SO_TYPE, SO_PROTOCOL, ... */
int kernel_socket_integer(int fd, int name);

/* The name of the socket for life, the same through dup, fork and exec; 0 where there is none. */
uint64_t kernel_socket_cookie(int fd);

/* The TCP state (TCP_CLOSE, TCP_ESTABLISHED, ...), -errno where this is not TCP. */
int kernel_tcp_state(int fd);

/* Whether the program asked this descriptor not to block. */
bool kernel_is_nonblocking(int fd);

#endif
