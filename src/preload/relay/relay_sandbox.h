/*
 * What a relay may ask of the kernel from then on: to read, to write, to wait, and to end. Whoever takes it over by
 * bytes from the network has two sockets, and the copy of the program's memory (relay_process.h), and reaches nothing
 * else.
 */
#ifndef V6SHIM_PRELOAD_RELAY_RELAY_SANDBOX_H
#define V6SHIM_PRELOAD_RELAY_RELAY_SANDBOX_H

/* For good. A kernel that has no such filters leaves the process as it is. */
void relay_sandbox_enter(void);

#endif
