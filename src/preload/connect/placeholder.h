/*
 * What stands under the program's number while a race runs in the background: a socket that behaves as a TCP socket
 * in SYN_SENT does, to poll, select, epoll, read and write. One end of a pair of AF_UNIX sockets whose buffer is
 * full. Where it has to stay, it becomes what a TCP socket is that was reset: ECONNRESET, then the end of file. Of
 * SOCK_SEQPACKET, since writing to one of SOCK_STREAM whose other end has gone raises SIGPIPE before any error was
 * told.
 *
 * Async-signal-safe.
 */
#ifndef V6SHIM_PRELOAD_CONNECT_PLACEHOLDER_H
#define V6SHIM_PRELOAD_CONNECT_PLACEHOLDER_H

/* Makes both ends, close-on-exec, not blocking, at high numbers. 0 or -errno. */
int placeholder_make(int *end, int *peer);

/* Wakes those who sleep on the end, which is no longer under the program's number: they look the number up again.
   close() alone would not wake them where a forked child has the peer too. */
void placeholder_release(int peer);

#endif
