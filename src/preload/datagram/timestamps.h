/* Times of arrival in control messages (socket(7), SO_TIMESTAMP), for programs with a time_t of 64 bits: time64.h. */
#ifndef V6SHIM_PRELOAD_DATAGRAM_TIMESTAMPS_H
#define V6SHIM_PRELOAD_DATAGRAM_TIMESTAMPS_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * What libc's __recvmsg64() does after a reception: where the kernel gave a time of 32 bits (one before 5.1 does, or
 * the option was set by code that is built so), the same with 64 bits is appended, in the `room` bytes that
 * msg_control has. Where they don't fit, MSG_CTRUNC is set. Async-signal-safe.
 */
void timestamps_add_time64(struct msghdr *message, size_t room);

#endif
